using System.Security.Cryptography;
using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

public sealed class ReceiptTests : IDisposable
{
    private const string Plan = """{"steps":{"say":{"agent":"echo"}}}""";

    private readonly Scratch _scratch = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _key.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Receipt_OfARun_IsVerifiedAndEachChangeIsFound()
    {
        var pem = _scratch.Write("private.pem", _key.ExportPkcs8PrivateKeyPem());
        var publicPem = _scratch.Write("public.pem", _key.ExportSubjectPublicKeyInfoPem());
        await using var host = new GridHost { Api = o => o.Receipts.Key = pem };
        await host.InitializeAsync();
        await RunAsync(host);

        var receipt = await host.Tool().RunAsync("receipt", "m/1");
        var file = _scratch.Write("receipt.json", receipt.Out);
        var changed = _scratch.Write("changed.json", receipt.Out.Replace("\"echo\"", "\"ecko\"", StringComparison.Ordinal));
        var byServer = await host.Tool().RunAsync("receipt", "verify", file);
        var byFile = await new Tool(null) { Input = receipt.Out }.RunAsync("receipt", "verify", "-", "--key", publicPem, "--json");
        var refused = await new Tool(null).RunAsync("receipt", "verify", changed, "--key", publicPem);
        var noReceipt = await new Tool(null).RunAsync("receipt", "verify", publicPem, "--key", publicPem);

        Assert.Equal((ExitCode.Ok, ""), (receipt.Exit, receipt.Error));
        var echo = receipt.Json.GetProperty("agents")[0];
        Assert.Equal("echo", echo.GetProperty("agent").GetString());
        Assert.NotEmpty(echo.GetProperty("version").GetString()!);
        Assert.Matches("^[0-9a-f]{12}$", echo.GetProperty("hash").GetString());
        Assert.Equal(ExitCode.Ok, byServer.Exit);
        Assert.StartsWith($"The receipt of run {receipt.Json.GetProperty("run_id")} is as it was signed", byServer.Out);
        Assert.True(byFile.Json.GetProperty("valid").GetBoolean());
        Assert.Equal(ExitCode.RunFailed, refused.Exit);
        Assert.Contains("It has been changed since it was signed", refused.Error);
        Assert.Equal(ExitCode.RunFailed, noReceipt.Exit);
        Assert.Contains("is not a receipt", noReceipt.Error);
    }

    [Fact]
    public async Task Receipt_WithoutKeyOrEnd_SaysSo()
    {
        await using var host = new GridHost();
        await host.InitializeAsync();
        await RunAsync(host);
        var waiting = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "m", "--round", "2", "--plan", _scratch.Write("wait.yaml", "steps: { w: { wait: { signal: go } } }"),
            "--webhook", "http://127.0.0.1:1/a", "--webhook", "http://127.0.0.1:1/b");

        var unsigned = _scratch.Write("receipt.json", (await host.Tool().RunAsync("receipt", "m/1")).Out);
        var verified = await host.Tool().RunAsync("receipt", "verify", unsigned);
        var early = await host.Tool().RunAsync("receipt", "m/2");
        var told = await host.Tool().RunAsync("show", "m/2", "--json");

        Assert.Equal(ExitCode.Refused, verified.Exit);
        Assert.Contains("signs no receipts: it has no AgentGrid:Receipts:Key", verified.Error);
        Assert.Equal(ExitCode.Refused, early.Exit);
        Assert.Contains("AG2033", early.Error);
        Assert.Equal((ExitCode.Ok, 2), (waiting.Exit, told.Json.GetProperty("webhooks").GetArrayLength()));
        Assert.Equal("http://127.0.0.1:1/b", told.Json.GetProperty("webhooks")[1].GetProperty("url").GetString());
    }

    private async Task RunAsync(GridHost host)
    {
        var result = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "m", "--round", "1", "--plan", _scratch.Write("echo.yaml", Plan), "--wait");
        Assert.Equal(ExitCode.Ok, result.Exit);
    }
}
