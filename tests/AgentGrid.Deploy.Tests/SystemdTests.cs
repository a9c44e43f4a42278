using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AgentGrid.Deploy.Tests;

public sealed partial class SystemdTests
{
    // By section and key: systemd passes over a key in the wrong section.
    private static readonly Dictionary<(string Section, string Key), string> s_unit = Read(
        Repository.Read("deploy", "systemd", "agentgrid.service"));

    // By default five starts within ten seconds are the last ones: a data folder that cannot be written for as long as that
    // would end the server for good.
    [Fact]
    public void Server_ThatFailsAgainAndAgain_IsStartedForEver()
    {
        Assert.Equal("0", s_unit[("Unit", "StartLimitIntervalSec")]);
        Assert.Equal("always", s_unit[("Service", "Restart")]);
        Assert.DoesNotContain(s_unit.Keys, k => k.Key is "RestartPreventExitStatus" or "StartLimitAction");
    }

    [Fact]
    public void Pauses_GrowFromASecondToHalfAMinute()
    {
        Assert.Equal((1, 30), (Number("RestartSec"), Number("RestartMaxDelaySec")));
        Assert.InRange(Number("RestartSteps"), 2, 10);
    }

    // Systemd passes over what it does not know, with a word in its log: Restart=allways would start nothing again.
    [Fact]
    public async Task Unit_IsUnderstoodBySystemd()
    {
        using var scratch = new Scratch();
        var unit = Repository.Read("deploy", "systemd", "agentgrid.service");
        var path = scratch.Write("agentgrid.service", Program().Replace(unit, "ExecStart=/bin/true"));
        using var process = Start(path);
        var said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, process.ExitCode);
        Assert.DoesNotContain(said.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => !IsOfNewer(line));
    }

    // Known from systemd 254 on.
    private static bool IsOfNewer(string line) => ((string[])["RestartSteps", "RestartMaxDelaySec"]).Any(
        key => line.Contains($"Unknown key '{key}'", StringComparison.Ordinal)
            || line.Contains($"Unknown key name '{key}'", StringComparison.Ordinal));

    private static Process Start(string unit)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", unit]) { RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("needs systemd-analyze, to read deploy/systemd");
            throw;
        }
    }

    private static int Number(string key) => int.Parse(s_unit[("Service", key)], CultureInfo.InvariantCulture);

    private static Dictionary<(string, string), string> Read(string text)
    {
        var read = new Dictionary<(string, string), string>();
        var section = "";
        foreach (var line in text.Split('\n').Where(l => l.Length > 0 && l[0] != '#'))
        {
            if (line[0] == '[')
            {
                section = line.Trim('[', ']');
                continue;
            }
            var parts = line.Split('=', 2);
            // Some keys may be there more than once; those that are asked for are not.
            read[(section, parts[0])] = parts[1];
        }
        return read;
    }

    [GeneratedRegex("^ExecStart=.*$", RegexOptions.Multiline)]
    private static partial Regex Program();
}
