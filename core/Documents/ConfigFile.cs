namespace AgentGrid.Core.Documents;

/// <summary>The text of one file under <c>config/</c>; the name is relative to it, with '/'.</summary>
public sealed record ConfigFile(string Name, string Text);
