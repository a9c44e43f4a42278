using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace AgentGrid.Kinds.Process;

/// <summary>
/// Ends the processes of a server that was killed itself. It is a shell in a session of its own, that is told of every
/// process by a pipe, and knows by its end that the server is gone.
/// </summary>
public sealed class Guard
{
    // Processes end by themselves when their stdin is closed. Those that do not are asked, and then killed.
    private const string Script = """
        trap '' INT TERM HUP
        while read -r sign group; do
          if [ "$sign" = + ]; then groups="$groups $group"; continue; fi
          left=
          for g in $groups; do [ "$g" = "$group" ] || left="$left $g"; done
          groups=$left
        done
        [ -n "$groups" ] || exit 0
        for g in $groups; do kill -s TERM -- "-$g"; done 2>/dev/null
        sleep 2
        for g in $groups; do kill -s KILL -- "-$g"; done 2>/dev/null
        """;

    private readonly Lock _gate = new();
    private readonly HashSet<int> _guarded = [];
    private System.Diagnostics.Process? _shell;

    /// <summary>From now on the session of a process ends with the server.</summary>
    public void Add(int session)
    {
        lock (_gate)
        {
            _guarded.Add(session);
            Tell('+', session);
        }
    }

    /// <summary>The session has ended.</summary>
    public void Remove(int session)
    {
        lock (_gate)
        {
            if (_guarded.Remove(session))
            {
                Tell('-', session);
            }
        }
    }

    private void Tell(char sign, int session)
    {
        try
        {
            if (_shell is not { HasExited: false })
            {
                // Whoever has killed the one before: the next one is told everything.
                _shell = Start();
                foreach (var guarded in _guarded)
                {
                    Write(_shell, '+', guarded);
                }
                return;
            }
            Write(_shell, sign, session);
        }
        catch (Exception e) when (e is IOException or Win32Exception or InvalidOperationException)
        {
            // Without a shell there is no guard; processes still end when their stdin is closed.
        }
    }

    private static void Write(System.Diagnostics.Process shell, char sign, int session)
    {
        shell.StandardInput.Write(string.Create(CultureInfo.InvariantCulture, $"{sign} {session}\n"));
        shell.StandardInput.Flush();
    }

    private static System.Diagnostics.Process Start()
    {
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in new[] { "sh", "-c", Script + "\n", "agentgrid-guard" })
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        return System.Diagnostics.Process.Start(start) ?? throw new InvalidOperationException("No process was started.");
    }
}
