using System.Diagnostics;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Process;

/// <summary>How a process is started: its program, in a session of its own, and an environment of its own.</summary>
internal sealed class Launch
{
    // Of the server's environment a process gets these, and nothing else: what else is there can be secret.
    private static readonly string[] s_inherited = OperatingSystem.IsWindows()
        ? ["PATH", "HOME", "LANG", "TZ", "SystemRoot", "PATHEXT", "TEMP", "TMP", "USERPROFILE"]
        : ["PATH", "HOME", "LANG", "TZ"];

    // Makes the program the leader of a session, so that all that it starts can be ended with it; in the same process.
    private static readonly string? s_setsid =
        OperatingSystem.IsWindows() ? null : Find("setsid", Environment.GetEnvironmentVariable("PATH"));

    private readonly ProcessStartInfo _start;

    /// <exception cref="AgentException">A secret or the program is not there.</exception>
    public Launch(ProgramSettings settings, AgentKindContext context, int? gpu)
    {
        _start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = WorkingDirectory(settings.WorkingDirectory),
        };
        SetEnvironment(settings, context, gpu);
        var command = settings.Command.Select(context.Reveal).ToArray();
        var program = Program(command[0]);
        OwnsSession = s_setsid is not null;
        _start.FileName = s_setsid ?? program;
        foreach (var argument in OwnsSession ? [program, .. command[1..]] : command[1..])
        {
            _start.ArgumentList.Add(argument);
        }
    }

    /// <summary>The process leads a session, whose number is that of the process.</summary>
    public bool OwnsSession { get; }

    public System.Diagnostics.Process Start() => System.Diagnostics.Process.Start(_start)
        ?? throw new InvalidOperationException("No process was started.");

    private void SetEnvironment(ProgramSettings settings, AgentKindContext context, int? gpu)
    {
        _start.Environment.Clear();
        foreach (var name in s_inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                _start.Environment[name] = value;
            }
        }
        // What is printed is to be in the log when it is printed.
        _start.Environment["PYTHONUNBUFFERED"] = "1";
        if (gpu is { } index)
        {
            // Nodes number GPUs by their place on the bus.
            _start.Environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
            _start.Environment["CUDA_VISIBLE_DEVICES"] = index.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        foreach (var (name, value) in settings.Environment)
        {
            _start.Environment[name] = context.Reveal(value);
        }
    }

    private static string WorkingDirectory(string? configured)
    {
        var folder = Path.GetFullPath(configured ?? ".");
        return Directory.Exists(folder)
            ? folder
            : throw new AgentException(ProcessErrors.Unavailable, $"There is no working folder '{folder}'.");
    }

    private string Program(string name)
    {
        if (name.Contains(Path.DirectorySeparatorChar) || name.Contains(Path.AltDirectorySeparatorChar))
        {
            var path = Path.GetFullPath(name, _start.WorkingDirectory);
            return File.Exists(path)
                ? path
                : throw new AgentException(ProcessErrors.Unavailable, $"There is no program '{path}'.");
        }
        var folders = _start.Environment.TryGetValue("PATH", out var path2) ? path2 : null;
        return Find(name, folders) ?? throw new AgentException(
            ProcessErrors.Unavailable,
            $"There is no program '{name}' on the path, {folders}. Install it, or give its full path.");
    }

    private static string? Find(string program, string? folders)
    {
        var names = OperatingSystem.IsWindows() ? new[] { $"{program}.exe", program } : [program];
        return (folders ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => names.Select(n => Path.Combine(folder, n)))
            .FirstOrDefault(File.Exists);
    }
}
