using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary>Small bodies of requests.</summary>
internal static class Bodies
{
    /// <summary>An object of one member.</summary>
    public static Json Of(string member, string text) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString(member, text);
        writer.WriteEndObject();
    });
}
