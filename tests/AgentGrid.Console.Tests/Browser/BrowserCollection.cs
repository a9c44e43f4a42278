namespace AgentGrid.Console.Tests.Browser;

/// <summary>The tests that share one Chromium.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<Chromium>
{
    public const string Name = "browser";
}
