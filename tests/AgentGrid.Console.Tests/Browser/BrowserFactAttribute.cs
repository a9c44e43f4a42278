using System.Runtime.CompilerServices;

namespace AgentGrid.Console.Tests.Browser;

/// <summary>A test that needs Chromium. Where there is none it is skipped, and the test command says so.</summary>
public sealed class BrowserFactAttribute : FactAttribute
{
    /// <summary>Install Chromium, or name it in AGENTGRID_CHROMIUM.</summary>
    public const string LeftOut = "left out: browser tests (no Chromium)";

    public BrowserFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (Chromium.Path is null)
        {
            Skip = LeftOut;
        }
    }
}
