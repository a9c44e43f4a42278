using System.Text.Json.Nodes;
using StackExchange.Redis;

namespace AgentGrid.Silo.Members;

/// <summary>A silo's row in the table of members: JSON that Orleans writes.</summary>
internal static class MembersRow
{
    private const string Status = "Status";

    /// <summary>
    /// The row as it should be for a silo of this status. One of an active silo that says less is from before it joined:
    /// the table was lost, and was written again by somebody who had not read more.
    /// </summary>
    public static RedisValue Right(RedisValue row, SiloStatus status)
    {
        if (status != SiloStatus.Active || JsonNode.Parse((byte[])row!) is not JsonObject text
            || text[Status]?.GetValue<int>() is not { } written || written >= (int)SiloStatus.Active)
        {
            return row;
        }
        text[Status] = (int)status;
        return text.ToJsonString();
    }
}
