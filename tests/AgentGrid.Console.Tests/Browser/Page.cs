using System.Diagnostics;
using System.Text.Json;

namespace AgentGrid.Console.Tests.Browser;

/// <summary>
/// A tab, used as a person would: real mouse clicks and key presses. Everything that the page complains about
/// (exceptions, violations of the content security policy, failed loads) is kept, and fails the test.
/// </summary>
public sealed class Page(DevTools devTools, string session, string context, Uri server) : IAsyncDisposable
{
    private const string IsShown =
        "document.readyState === 'complete' && document.querySelector('main .view') !== null";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private readonly List<string> _complaints = [];

    /// <summary>Failed requests are part of this test, as when the server is stopped.</summary>
    public bool ExpectsFailedRequests { get; set; }

    public async Task PrepareAsync(int width, int height)
    {
        devTools.Happened += Listen;
        foreach (var domain in (string[])["Page", "Runtime", "Log", "Accessibility", "DOM"])
        {
            await CallAsync($"{domain}.enable");
        }
        // A tab in the background would get no keys.
        await CallAsync("Emulation.setFocusEmulationEnabled", new { enabled = true });
        await ResizeAsync(width, height);
    }

    public Task ResizeAsync(int width, int height) => CallAsync("Emulation.setDeviceMetricsOverride",
        new { width, height, deviceScaleFactor = 1, mobile = false });

    public Task PreferAsync(string scheme) => CallAsync("Emulation.setEmulatedMedia",
        new { features = (object[])[new { name = "prefers-color-scheme", value = scheme }] });

    /// <summary>Opens a view, such as <c>#/runs</c>.</summary>
    public async Task GoAsync(string hash)
    {
        // The same document with another hash would not be loaded anew.
        await CallAsync("Page.navigate", new { url = new Uri(server, $"?{Guid.NewGuid():N}{hash}").ToString() });
        await UntilAsync(IsShown);
    }

    public async Task ReloadAsync()
    {
        await EvaluateAsync("window.old = true");
        await CallAsync("Page.reload");
        await UntilAsync($"!window.old && {IsShown}");
    }

    public async Task<JsonElement> EvaluateAsync(string script)
    {
        var answer = await CallAsync("Runtime.evaluate",
            new { expression = script, returnByValue = true, awaitPromise = true });
        if (answer.TryGetProperty("exceptionDetails", out var details))
        {
            throw new InvalidOperationException($"{script}\n{details}");
        }
        return answer.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    public async Task<string> TextAsync(string selector) =>
        (await EvaluateAsync($"document.querySelector({Quote(selector)})?.innerText ?? '(nothing)'")).GetString()!;

    /// <summary>Waits until a script says true.</summary>
    public async Task UntilAsync(string condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(25));
        var clock = Stopwatch.StartNew();
        while (!await HoldsAsync(condition))
        {
            if (clock.Elapsed > s_patience)
            {
                var text = await EvaluateAsync("location.hash + '\\n' + document.body.innerText");
                throw new TimeoutException(
                    $"After {clock.Elapsed.TotalSeconds:0} s this was still not so: {condition}\n" +
                    $"Complaints: {string.Join("; ", _complaints)}\nThe page:\n{text}");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Waits until a script says a text.</summary>
    public Task SaysAsync(string script, string text) => UntilAsync($"{script} === {Quote(text)}");

    public Task SeesAsync(string selector, string text) => UntilAsync(
        $"[...document.querySelectorAll({Quote(selector)})].some("
        + $"e => e.checkVisibility() && e.innerText.includes({Quote(text)}))");

    /// <summary>Clicks into the middle of the first visible element with a text.</summary>
    public async Task ClickAsync(string selector, string text = "")
    {
        var find = $"[...document.querySelectorAll({Quote(selector)})].find(e => e.checkVisibility() && !e.disabled "
            + $"&& (e.innerText ?? '').includes({Quote(text)}))";
        await UntilAsync($"{find} !== undefined");
        var at = await EvaluateAsync(
            $"(() => {{ const e = {find}; e.scrollIntoView({{ block: 'nearest' }}); "
            + "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()");
        foreach (var type in (string[])["mousePressed", "mouseReleased"])
        {
            await CallAsync("Input.dispatchMouseEvent",
                new { type, x = at[0].GetDouble(), y = at[1].GetDouble(), button = "left", clickCount = 1 });
        }
    }

    /// <summary>Puts a text into a field in place of what is there.</summary>
    public async Task FillAsync(string selector, string text)
    {
        await UntilAsync($"document.querySelector({Quote(selector)}) !== null");
        await EvaluateAsync(
            $"(() => {{ const e = document.querySelector({Quote(selector)}); e.focus(); e.select(); }})()");
        await CallAsync("Input.insertText", new { text });
        await EvaluateAsync(
            $"document.querySelector({Quote(selector)}).dispatchEvent(new Event('change', {{ bubbles: true }}))");
    }

    public async Task ChooseAsync(string selector, string value)
    {
        var quoted = Quote(selector);
        await UntilAsync(
            $"[...(document.querySelector({quoted})?.options ?? [])].some(o => o.value === {Quote(value)})");
        await EvaluateAsync($"(() => {{ const e = document.querySelector({quoted}); e.value = {Quote(value)}; "
            + "e.dispatchEvent(new Event('change', { bubbles: true })); })()");
    }

    public async Task PressAsync(string key, int code)
    {
        foreach (var type in (string[])["rawKeyDown", "keyUp"])
        {
            await CallAsync("Input.dispatchKeyEvent",
                new { type, key, code = key, windowsVirtualKeyCode = code, nativeVirtualKeyCode = code });
        }
    }

    /// <summary>What a screen reader is told: role and name of every control and heading.</summary>
    public async Task<IReadOnlyList<(string Role, string Name)>> AccessibleAsync()
    {
        var tree = await CallAsync("Accessibility.getFullAXTree");
        return [.. tree.GetProperty("nodes").EnumerateArray()
            .Where(n => !n.GetProperty("ignored").GetBoolean())
            .Select(n => (ValueOf(n, "role"), ValueOf(n, "name")))];
    }

    /// <summary>What the page's scripts hold, garbage aside.</summary>
    public async Task<double> HeapBytesAsync()
    {
        await CallAsync("HeapProfiler.collectGarbage");
        return (await CallAsync("Runtime.getHeapUsage")).GetProperty("usedSize").GetDouble();
    }

    public async Task ScreenshotAsync(string path)
    {
        var shot = await CallAsync("Page.captureScreenshot", new { format = "png" });
        await File.WriteAllBytesAsync(path, shot.GetProperty("data").GetBytesFromBase64());
    }

    /// <summary>Fails when the page has complained about anything.</summary>
    public void HasNotComplained()
    {
        lock (_complaints)
        {
            Assert.Empty(_complaints);
        }
    }

    public async ValueTask DisposeAsync()
    {
        devTools.Happened -= Listen;
        await devTools.SendAsync("Target.disposeBrowserContext", new { browserContextId = context });
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static string ValueOf(JsonElement node, string name) =>
        node.TryGetProperty(name, out var p) && p.TryGetProperty("value", out var v) ? v.ToString() : "";

    private Task<JsonElement> CallAsync(string method, object? parameters = null) =>
        devTools.SendAsync(method, parameters, session);

    // While a page is being replaced there is nothing to ask; the next look finds the new one.
    private async Task<bool> HoldsAsync(string condition)
    {
        var answer = await CallAsync("Runtime.evaluate",
            new { expression = $"Boolean({condition})", returnByValue = true });
        return !answer.TryGetProperty("exceptionDetails", out _)
            && answer.GetProperty("result").TryGetProperty("value", out var value) && value.GetBoolean();
    }

    private void Listen(string from, string name, JsonElement e)
    {
        if (from != session)
        {
            return;
        }
        var complaint = name switch
        {
            "Runtime.exceptionThrown" => e.GetProperty("exceptionDetails").ToString(),
            "Log.entryAdded" when e.GetProperty("entry") is var entry
                && entry.GetProperty("level").GetString() == "error"
                && !(ExpectsFailedRequests && entry.GetProperty("source").GetString() is "network" or "javascript") =>
                entry.ToString(),
            _ => null,
        };
        if (complaint is not null)
        {
            lock (_complaints)
            {
                _complaints.Add(complaint);
            }
        }
    }
}
