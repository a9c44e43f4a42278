using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Records;

/// <summary>What is kept of a run besides its events.</summary>
/// <param name="Number">The number of its acceptance, which runs are listed by; 0 where that was not asked for.</param>
internal sealed record RunRow(long Number, RunId Id, RunHead Head, RunTip Tip, long Version)
{
    public RunSummary Summary => new()
    {
        RunId = Id,
        MatchId = Head.MatchId,
        Round = Head.Round,
        Plan = Head.Plan,
        PlanVersion = Head.PlanVersion,
        Status = Tip.Status,
        AcceptedAt = Head.AcceptedAt,
        StartedAt = Tip.StartedAt,
        EndedAt = Tip.EndedAt,
        WaitingAttempts = Tip.WaitingAttempts,
        RetryingBranches = Tip.RetryingBranches,
        Agents = Tip.Agents is { } agents ? AgentSet.Parse(agents) : null,
        Reason = Tip.Reason,
    };

    public StoredRun Stored => new(Summary, Head.Tenant, Head.Priority, Version);

    public ActiveRun Active => new(Id, Head.Key, Tip.Status, Head.Priority, Head.Tenant);

    /// <exception cref="RunLogException">Something is missing or is not what was written.</exception>
    public static RunRow Read(long number, RunId run, byte[]? head, byte[]? tip, RedisValue version)
    {
        if (head is null && tip is null && version.IsNull)
        {
            throw RunLogException.Damaged(run, "is named in the log, and is not there itself");
        }
        var opened = Open(tip, Part.Tip, "summary", run);
        if (version.IsNull || !version.TryParse(out long count) || opened.Version != count)
        {
            throw RunLogException.Damaged(
                run, $"has {(version.IsNull ? "no number of" : version)} events (field 'v'), and its summary " +
                $"(field 'tip') is of {opened.Version}");
        }
        return new RunRow(
            number, run, Parse(Open(head, Part.Head, "description", run), run, RecordJson.Default.RunHead),
            Parse(opened, run, RecordJson.Default.RunTip), count);
    }

    private static Sealed Open(byte[]? value, Part part, string name, RunId run)
    {
        var field = part.ToString().ToLowerInvariant();
        return value is null ? throw RunLogException.Damaged(run, $"has no {name} (field '{field}')")
            : Sealed.TryOpen(value, part, run, out var opened) ? opened
            : throw RunLogException.Damaged(run, $"has a {name} (field '{field}') without its checksum");
    }

    private static T Parse<T>(Sealed value, RunId run, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(value.Text.Span, type) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw RunLogException.Damaged(run, $"has a {typeof(T).Name} that cannot be read", e);
        }
    }
}
