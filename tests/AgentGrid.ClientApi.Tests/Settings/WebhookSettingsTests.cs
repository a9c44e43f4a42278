using AgentGrid.Api.Settings;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.Configuration;

namespace AgentGrid.ClientApi.Tests.Settings;

/// <summary>To whom a program may tell what becomes of runs, and what that is signed with.</summary>
public sealed class WebhookSettingsTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Fact]
    public void Read_Everything_IsUnderstood()
    {
        var options = new WebhookOptions();
        var reader = new SectionReader(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AgentGrid:Webhooks:AllowedHosts"] = "hooks.example.org, *.example.org,10.0.0.7:8080",
            ["AgentGrid:Webhooks:Secret"] = "${file:/run/secrets/webhooks}",
            ["AgentGrid:Webhooks:Timeout"] = "3s",
            ["AgentGrid:Webhooks:RetryAfter"] = "1s",
            ["AgentGrid:Webhooks:GiveUpAfter"] = "3d",
        }).Build());

        WebhookSettings.Read(reader, options);

        Assert.Empty(reader.Problems);
        Assert.Equal(["hooks.example.org", "*.example.org", "10.0.0.7:8080"], options.AllowedHosts);
        Assert.Equal(
            ("${file:/run/secrets/webhooks}", TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), TimeSpan.FromDays(3)),
            (options.Secret, options.Timeout, options.RetryAfter, options.GiveUpAfter));
    }

    [Theory]
    [InlineData("""{ "Webhooks": { "AllowedHosts": ["https://a.example"] } }""", "has 'https://a.example'; expected hosts such as")]
    [InlineData("""{ "Webhooks": { "AllowedHost": ["a.example"] } }""", "Did you mean AllowedHosts?")]
    [InlineData("""{ "Webhooks": { "Secret": "not base64" } }""", "expected 'whsec_' and Base64")]
    [InlineData("""{ "Webhooks": { "Secret": "whsec_AAAA" } }""", "24 to 64 random bytes")]
    [InlineData("""{ "Webhooks": { "Secret": "${enf:X}" } }""", "refers to nothing")]
    [InlineData("""{ "Webhooks": { "Timeout": "1h" } }""", "It can be 1ms to 5m")]
    [InlineData("""{ "Webhook": { "AllowedHosts": ["a.example"] } }""", "Did you mean")]
    public void Check_WhatCannotBeUnderstood_EndsTheStart(string section, string problem)
    {
        var refusal = Told.Refusal(section);

        Assert.Contains(problem, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("not base64", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_Secret_IsNotShown()
    {
        var check = Told.Check($$"""{ "Webhooks": { "AllowedHosts": ["a.example"], "Secret": "{{Secret}}" } }""");

        Assert.Empty(check.Unknown);
        Assert.Contains(check.InForce, static s => s.Name == "Webhooks:Secret" && s.Value == "set");
        Assert.DoesNotContain(check.InForce, static s => s.Value.Contains(Secret[6..], StringComparison.Ordinal));
    }
}
