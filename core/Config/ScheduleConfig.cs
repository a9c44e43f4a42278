using System.Text.Json.Serialization;
using Cronos;

namespace AgentGrid.Core.Config;

/// <summary>Runs of a plan at set times. Its name is the <c>match_id</c> of its runs, and the time of a tick their <c>round</c>.</summary>
public sealed record ScheduleConfig
{
    private const string TickFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>How far back ticks are looked for that were missed.</summary>
    public static readonly TimeSpan FarthestBack = TimeSpan.FromDays(31);

    public required string Name { get; init; }

    /// <summary>Minute, hour, day of the month, month, day of the week; six fields begin with the second.</summary>
    public required string Cron { get; init; }

    /// <summary>Of the IANA database, such as <c>Europe/Berlin</c>.</summary>
    public required string TimeZone { get; init; }

    public required string Plan { get; init; }

    /// <summary>A JSON object; <c>match_id</c> and <c>round</c> are laid over it.</summary>
    public required Json Input { get; init; }

    /// <summary>What its runs have, beside those of their plan; null for none.</summary>
    public Labels? Labels { get; init; }

    /// <summary>What becomes of a tick while a run of this schedule has not ended.</summary>
    public required Overlap Overlap { get; init; }

    /// <summary>How many of the newest ticks are made up for that came while nobody was there.</summary>
    public required int CatchUp { get; init; }

    public required bool Paused { get; init; }

    /// <summary>What <see cref="Cron"/> says.</summary>
    [JsonIgnore]
    internal CronExpression Expression { get; init; } = CronExpression.EveryMinute;

    /// <summary>What <see cref="TimeZone"/> says.</summary>
    [JsonIgnore]
    internal TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>The first tick after a moment, in UTC; null when there is none any more.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset moment) => Expression.GetNextOccurrence(moment, Zone)?.ToUniversalTime();

    /// <summary>The last ticks after one moment and up to another, in UTC, oldest first.</summary>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<DateTimeOffset> Ticks(DateTimeOffset after, DateTimeOffset until, int most)
    {
        var from = after > until - FarthestBack ? after : until - FarthestBack;
        return from >= until ? [] :
        [
            .. Expression.GetOccurrences(from, until, Zone, fromInclusive: false, toInclusive: true)
                .TakeLast(most).Select(static t => t.ToUniversalTime()),
        ];
    }

    /// <summary>The key of the run of a tick.</summary>
    public RunKey KeyOf(DateTimeOffset tick) =>
        new(Name, tick.ToUniversalTime().ToString(TickFormat, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>What is posted for a tick.</summary>
    public Json InputOf(DateTimeOffset tick) => Json.Build(writer =>
    {
        var key = KeyOf(tick);
        writer.WriteStartObject();
        writer.WriteString("match_id", key.MatchId);
        writer.WriteString("round", key.Round);
        foreach (var member in Input.Element.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            Json.From(member.Value).WriteTo(writer);
        }
        writer.WriteEndObject();
    });
}

/// <summary>What becomes of a tick while a run of its schedule has not ended.</summary>
public enum Overlap
{
    /// <summary>There is no run for it.</summary>
    Skip,

    /// <summary>Its run is posted when the others have ended.</summary>
    Queue,

    /// <summary>The others are cancelled, and its run is posted.</summary>
    Replace,
}
