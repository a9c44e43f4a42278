namespace AgentGrid.Grains.Nodes;

/// <summary>
/// Which processes are this node's: itself, and those that it or its children have started. Parents are read from
/// <c>/proc</c>; where there is none, only this process is.
/// Source: proc_pid_stat(5), the field ppid.
/// </summary>
internal static class ProcessTree
{
    // Deeper than any tree of processes is; parents that change while they are read cannot be followed for ever.
    private const int MostGenerations = 64;

    // Of the initial namespace of process numbers, in every Linux.
    private const string InitialNamespace = "pid:[4026531836]";

    /// <summary>
    /// Whether process numbers of the driver mean the same here: it gives those of the machine, and a container usually has
    /// numbers of its own.
    /// </summary>
    public static bool AreKnownToTheDriver { get; } =
        new FileInfo("/proc/self/ns/pid").LinkTarget is null or InitialNamespace;

    public static bool Include(int pid)
    {
        for (var i = 0; i < MostGenerations && pid > 0; i++)
        {
            if (pid == Environment.ProcessId)
            {
                return true;
            }
            pid = ParentOf(pid);
        }
        return false;
    }

    // 0 when there is no such process (any more), or it must not be looked at.
    private static int ParentOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name of the program stands in parentheses, and can have spaces and parentheses itself.
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 1 && int.TryParse(fields[1], out var parent) ? parent : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
