using System.Text;

namespace AgentGrid.RunLog.Scripts;

/// <summary>
/// The scripts that change and read the log. Sent by their hash; StackExchange.Redis loads them on first use, and again
/// when Redis has forgotten them.
/// </summary>
internal static class Script
{
    public static readonly string Accept = Read("stream") + Read("turn") + Read("accept");
    public static readonly string Append = Read("stream") + Read("turn") + Read("append");
    public static readonly string Sweep = Read("stream") + Read("turn") + Read("sweep");
    public static readonly string Drop = Read("stream") + Read("turn") + Read("drop");
    public static readonly string Runs = Read("runs");
    public static readonly string Events = Read("events");
    public static readonly string Rights = Read("rights");

    private static string Read(string name)
    {
        using var stream = typeof(Script).Assembly.GetManifestResourceStream($"{name}.lua")
            ?? throw new InvalidOperationException($"The script '{name}.lua' is not in the assembly.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
