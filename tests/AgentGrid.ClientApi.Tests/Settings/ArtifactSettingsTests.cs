using AgentGrid.Api.Settings;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.Configuration;

namespace AgentGrid.ClientApi.Tests.Settings;

/// <summary>Where artifacts are kept, and how large they may be.</summary>
public sealed class ArtifactSettingsTests
{
    [Fact]
    public void Read_Everything_IsUnderstood()
    {
        var options = new ArtifactOptions();
        var reader = new SectionReader(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AgentGrid:Artifacts:Folder"] = "/srv/artifacts",
            ["AgentGrid:Artifacts:ValuesFromBytes"] = "65536",
            ["AgentGrid:Artifacts:MaxBytes"] = "5000000000",
            ["AgentGrid:Artifacts:MaxRunBytes"] = "6000000000",
            ["AgentGrid:Artifacts:MinFreeBytes"] = "0",
        }).Build());

        ArtifactSettings.Read(reader, options);

        Assert.Empty(reader.Problems);
        Assert.Equal(
            ("/srv/artifacts", 65_536, 5_000_000_000, 6_000_000_000, 0),
            (options.Folder, options.ValuesFromBytes, options.MaxBytes, options.MaxRunBytes, options.MinFreeBytes));
    }

    [Theory]
    [InlineData("""{ "Artifacts": { "Foldr": "/srv" } }""", "Did you mean Folder?")]
    [InlineData("""{ "Artifacts": { "MaxBytes": "1GiB" } }""", "expected a whole number of bytes from 1")]
    [InlineData("""{ "Artifacts": { "MaxBytes": "0" } }""", "expected a whole number of bytes from 1")]
    [InlineData("""{ "Artifacts": { "Folder": "" } }""", "is empty")]
    public void Check_WhatCannotBeUnderstood_EndsTheStart(string section, string problem) =>
        Assert.Contains(problem, Told.Refusal(section), StringComparison.Ordinal);
}
