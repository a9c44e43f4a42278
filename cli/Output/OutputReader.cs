using System.Runtime.InteropServices;

namespace AgentGrid.Cli.Output;

/// <summary>
/// Whoever reads standard output at the other end of a pipe, <c>head</c> for instance. That it has gone shows in
/// writing alone, and the runtime hides even that; a command that waits for the next event would live on for nobody.
/// </summary>
internal static class OutputReader
{
    private const int StandardOutput = 1;
    private const int Interrupted = 4;
    private const short ErrorOrHangUp = 0x8 | 0x10;

    /// <summary>A token for when the reader goes; on Windows, where that cannot be waited for, it never does.</summary>
    public static CancellationToken Gone()
    {
        if (OperatingSystem.IsWindows())
        {
            return CancellationToken.None;
        }
        var gone = new CancellationTokenSource();
        var waiting = new Thread(() =>
        {
            if (HasGone())
            {
                gone.Cancel();
            }
        })
        { IsBackground = true, Name = "reader of the output" };
        waiting.Start();
        return gone.Token;
    }

    // Waits for as long as somebody reads. Nothing is asked for, so that only a loss is told.
    private static bool HasGone()
    {
        var output = new PollEntry { Descriptor = StandardOutput };
        int told;
        do
        {
            told = Poll(ref output, 1, Timeout.Infinite);
        }
        while (told < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        // A descriptor that was closed from the beginning has no reader to lose, and is told as something else.
        return told > 0 && (output.Told & ErrorOrHangUp) != 0;
    }

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static extern int Poll(ref PollEntry entries, nuint count, int milliseconds);

    private struct PollEntry
    {
        public int Descriptor;
        public short Asked;
        public short Told;
    }
}
