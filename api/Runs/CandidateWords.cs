using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;

namespace AgentGrid.Api.Runs;

/// <summary>
/// Gives agents and nodes that were considered a member <c>because</c>: their scores in words. Made when they are shown and kept
/// nowhere, so that old runs have it too, and attempts cost nothing more.
/// </summary>
internal static class CandidateWords
{
    public static void Add(JsonTypeInfo type)
    {
        if (type.Type == typeof(RoutingCandidate))
        {
            Add(type, static candidate => ((RoutingCandidate)candidate).InWords());
        }
        else if (type.Type == typeof(NodeCandidate))
        {
            Add(type, static candidate => ((NodeCandidate)candidate).InWords());
        }
    }

    private static void Add(JsonTypeInfo type, Func<object, string> words)
    {
        var because = type.CreateJsonPropertyInfo(typeof(string), "because");
        because.Get = words;
        because.IsGetNullable = false;
        type.Properties.Add(because);
    }
}
