using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AgentGrid.Console.Tests.Browser;

/// <summary>A headless Chromium, started once for all tests, that forgets everything when it ends.</summary>
public sealed partial class Chromium : IAsyncLifetime
{
    private const string Missing =
        "There is no Chromium on the path: ./test.sh installs it, or says how. Else name one in AGENTGRID_CHROMIUM.";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly string? s_program = Find();
    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("agentgrid-chromium-");
    private Process? _process;
    private DevTools? _devTools;

    public async ValueTask InitializeAsync()
    {
        Assert.True(s_program is not null, Missing);
        _process = Process.Start(new ProcessStartInfo(s_program!)
        {
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-extensions",
                "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars",
                $"--user-data-dir={_profile.FullName}", "--remote-debugging-port=0", "about:blank",
            },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        _devTools = await DevTools.ConnectAsync(await AddressAsync(_process));
    }

    /// <summary>Opens a tab with storage of its own.</summary>
    public async Task<Page> OpenAsync(Uri server, int width = 1280, int height = 860)
    {
        var devTools = _devTools ?? throw new InvalidOperationException("Chromium was not started.");
        var context = await devTools.SendAsync("Target.createBrowserContext");
        var id = context.GetProperty("browserContextId").GetString()!;
        var target = await devTools.SendAsync(
            "Target.createTarget", new { url = "about:blank", browserContextId = id });
        var session = await devTools.SendAsync("Target.attachToTarget",
            new { targetId = target.GetProperty("targetId").GetString(), flatten = true });
        var page = new Page(devTools, session.GetProperty("sessionId").GetString()!, id, server);
        await page.PrepareAsync(width, height);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_devTools is not null)
        {
            await _devTools.DisposeAsync();
        }
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        await ForgetAsync();
    }

    // Its other processes end a moment after the first, and write into the profile until then.
    private async Task ForgetAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var clock = Stopwatch.StartNew();
        while (Directory.Exists(_profile.FullName))
        {
            try
            {
                _profile.Delete(recursive: true);
            }
            catch (IOException) when (clock.Elapsed < s_patience)
            {
                await timer.WaitForNextTickAsync();
            }
        }
    }

    // The pipes are read to their ends, or Chromium would stop when they are full.
    private static async Task<Uri> AddressAsync(Process process)
    {
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.ErrorDataReceived += (_, said) =>
        {
            if (said.Data is null)
            {
                address.TrySetException(new InvalidOperationException($"'{s_program}' ended before it listened."));
            }
            else if (Listening().Match(said.Data) is { Success: true } match)
            {
                address.TrySetResult(new Uri(match.Groups[1].Value));
            }
        };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return await address.Task.WaitAsync(s_patience);
    }

    // What AGENTGRID_CHROMIUM names, else what the PATH has; null where there is none.
    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("AGENTGRID_CHROMIUM") is { Length: > 0 } named)
        {
            return File.Exists(named) ? named : null;
        }
        string[] names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return names.SelectMany(_ => folders, (name, folder) => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }

    [GeneratedRegex("^DevTools listening on (ws://.*)$")]
    private static partial Regex Listening();
}
