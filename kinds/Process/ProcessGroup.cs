using System.ComponentModel;
using System.Runtime.InteropServices;

namespace AgentGrid.Kinds.Process;

/// <summary>A process with all that it has started.</summary>
/// <param name="process">Not ended when this is made.</param>
/// <param name="ownsSession">Whether it leads a session of its own, so that all of it can be reached by one number.</param>
internal sealed partial class ProcessGroup(System.Diagnostics.Process process, bool ownsSession)
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    private readonly int _id = process.Id;

    /// <summary>Asks the process to end.</summary>
    public void Terminate()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // there is no such signal
        }
        _ = Signal(_id, SigTerm);
    }

    /// <summary>Ends the process, and whatever it has started and is still there, also when it has ended itself.</summary>
    public void Kill()
    {
        if (ownsSession)
        {
            _ = Signal(-_id, SigKill);
        }
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended meanwhile, or some of what it had started has.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
