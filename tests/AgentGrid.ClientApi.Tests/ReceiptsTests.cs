using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using AgentGrid.Client;
using AgentGrid.ClientApi.Tests.Settings;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests;

/// <summary>Receipts and journals of runs, over HTTP; what is in them is for the tests of the core to say.</summary>
public sealed class ReceiptsTests
{
    [Fact]
    public async Task Get_WithAKey_IsSignedAndCheckedWithTheKeyThatIsServed()
    {
        using var scratch = new Scratch();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var server = await TestServer.StartAsync(
            "--AgentGrid:Receipts:Key", scratch.Write("receipts.pem", key.ExportPkcs8PrivateKeyPem()));
        var run = server.Grid.Add();
        server.Grid.End(run.Summary.RunId);

        var receipt = await server.Http.GetStringAsync($"/api/v1/runs/{run.Summary.RunId}/receipt");
        var keys = await server.GetJsonAsync("/api/v1/receipts/keys");

        Assert.Equal(1, keys.GetProperty("keys").GetArrayLength());
        Assert.Null(SignatureKey.Read(keys.GetRawText(), out _)!.Problem(JsonElement.Parse(receipt)));
        Assert.NotNull(SignatureKey.Read(keys.GetRawText(), out _)!.Problem(
            JsonElement.Parse(receipt.Replace("\"completed\"", "\"cancelled\"", StringComparison.Ordinal))));
        Assert.Equal(receipt, CanonicalJson.Of(JsonElement.Parse(receipt)).ToString());
    }

    [Fact]
    public async Task Get_WithoutAKey_IsNotSigned()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add();
        server.Grid.End(run.Summary.RunId);

        var receipt = await server.GetJsonAsync($"/api/v1/runs/{run.Summary.RunId}/receipt");

        Assert.Equal((run.Summary.RunId.Value, "completed"), (receipt.Text("run_id"), receipt.Text("status")));
        using var client = new GridClient(server.Address);
        Assert.Equal(receipt.GetRawText(), (await client.GetReceiptAsync(run.Summary.RunId.Value)).GetRawText());
        Assert.False(receipt.TryGetProperty("signature", out _));
        Assert.Equal("""{"keys":[]}""", (await server.GetJsonAsync("/api/v1/receipts/keys")).GetRawText());
    }

    [Fact]
    public async Task Get_RunThatGoesOnOrIsNotThere_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary.RunId;

        using var early = await server.Http.GetAsync($"/api/v1/runs/{run}/receipt");
        using var none = await server.Http.GetAsync($"/api/v1/runs/{RunId.From(Guid.NewGuid())}/receipt");
        using var journal = await server.Http.GetAsync($"/api/v1/runs/{run}/journal");

        Assert.Equal((HttpStatusCode.Conflict, "AG2033"), (early.StatusCode, (await early.JsonAsync()).Text("code")));
        Assert.Equal((HttpStatusCode.NotFound, "AG2021"), (none.StatusCode, (await none.JsonAsync()).Text("code")));
        Assert.Equal((HttpStatusCode.NotFound, "AG2021"), (journal.StatusCode, (await journal.JsonAsync()).Text("code")));
    }

    [Theory]
    [InlineData("""{ "Receipts": { "Kye": "x.pem" } }""", "Did you mean Key?")]
    [InlineData("""{ "Receipts": { "Key": "/nowhere/key.pem" } }""", "'/nowhere/key.pem' cannot be read")]
    [InlineData("""{ "Receipts": { "Key": "/dev/null" } }""", "'/dev/null' is not a key: expected PEM")]
    public void Check_KeyThatCannotSign_EndsTheStart(string section, string problem) =>
        Assert.Contains(problem, Told.Refusal(section), StringComparison.Ordinal);
}
