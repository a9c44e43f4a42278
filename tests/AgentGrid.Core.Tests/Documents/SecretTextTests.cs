using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Documents;

public sealed class SecretTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("${env:TOKEN}", "<Environment TOKEN>")]
    [InlineData("Bearer ${env:TOKEN}!", "Bearer <Environment TOKEN>!")]
    [InlineData("${file:/run/a b}${env:X}", "<File /run/a b><Environment X>")]
    [InlineData("a $ b {c} $", "a $ b {c} $")]
    [InlineData("$${HOME} ${env:X}", "${HOME} <Environment X>")]
    public void Reveal_PutsSecretsInTheirPlaces(string template, string revealed)
    {
        var text = SecretText.Parse(template, out var problem);

        Assert.Null(problem);
        Assert.Equal(revealed, text!.Reveal(r => $"<{r.Source} {r.Name}>"));
        Assert.Equal(template, text.ToString());
    }

    [Theory]
    [InlineData("${HOME}", "'${HOME}' refers to nothing: write ${env:NAME} or ${file:/path}, or $${ for ${ itself.")]
    [InlineData("${env:}", "'${env:}' refers to nothing")]
    [InlineData("x ${vault:a} y", "'${vault:a}' refers to nothing")]
    [InlineData("${env:A", "'${env:A' refers to nothing")]
    public void Parse_WhatRefersToNothing_IsNamed(string template, string problem)
    {
        Assert.Null(SecretText.Parse(template, out var told));
        Assert.StartsWith(problem, told);
    }

    [Theory]
    [InlineData("no key-1234 here", "no ${env:KEY} here")]
    [InlineData("key-1234key-1234 and a", "${env:KEY}${env:KEY} and a")]
    [InlineData("Bearer file", "Bearer ${file:/run/a}")]
    [InlineData("short", "short")]
    public void Conceal_PutsReferencesWhereSecretsStand(string text, string shown)
    {
        var secrets = SecretText.Parse("Bearer ${env:KEY} ${file:/run/a} ${env:SHORT} ${env:GONE}", out _)!;

        Assert.Equal(shown, secrets.Conceal(text, r => r.Name switch { "KEY" => "key-1234", "/run/a" => "file", "SHORT" => "a", _ => null }));
    }
}
