using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Cli.Commands;

/// <summary>What <c>run</c> posts: a file, with what the command line says laid over it.</summary>
/// <param name="File">A path; <c>-</c> for standard input.</param>
/// <param name="Plan">
/// The name of a plan, or the path of a file with one; null: as the file says, or the default plan.
/// </param>
/// <param name="Labels">They take the place of all in the file.</param>
/// <param name="Webhooks">Who is told how the run ends; they take the place of all in the file.</param>
/// <param name="Key">The run's key, and the file is its input; null where the file is a request, or a snapshot.</param>
/// <param name="StartAt">When it starts; it takes the place of a delay in the file, and the other way round.</param>
internal sealed record RunBody(
    string File, string? Match, string? Round, string? Plan, int? Priority, DateTimeOffset? StartAt = null, TimeSpan? Delay = null,
    Labels? Labels = null, string? OnConflict = null, string? Key = null, IReadOnlyList<string>? Webhooks = null)
{
    private static readonly string[] s_fields = ["match_id", "round", "grid_snapshot", "plan", "input"];

    /// <summary>Where it is posted to.</summary>
    public string Route => Key is null ? "api/v1/orchestrate" : "api/v1/runs";

    public async Task<Json> ComposeAsync(TextReader standardInput, CancellationToken cancellationToken)
    {
        var posted = Parse(await ReadAsync(standardInput, cancellationToken));
        if (Key is not null)
        {
            var planOf = Plan is null ? null : await PlanAsync(Plan, cancellationToken);
            return Json.Build(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("key", Key);
                writer.WritePropertyName("input");
                Json.From(posted).WriteTo(writer);
                WriteOverlay(writer, planOf);
                writer.WriteEndObject();
            });
        }
        // A file with none of the fields of a request is a snapshot by itself.
        var isRequest = posted.EnumerateObject().Any(m => s_fields.Contains(m.Name));
        if (Match is null && !(isRequest && posted.TryGetProperty("match_id", out _)))
        {
            throw CliException.Usage($"{Source} has no 'match_id': give it one with --match.");
        }
        if (Round is null && !(isRequest && posted.TryGetProperty("round", out _)))
        {
            throw CliException.Usage($"{Source} has no 'round': give it one with --round.");
        }
        var plan = Plan is null ? null : await PlanAsync(Plan, cancellationToken);
        if (isRequest && this is { Match: null, Round: null, Plan: null, Priority: null, StartAt: null, Delay: null, Labels: null, OnConflict: null, Webhooks: null })
        {
            return Json.From(posted);
        }
        return Json.Build(writer =>
        {
            writer.WriteStartObject();
            foreach (var member in isRequest ? posted.EnumerateObject() : default)
            {
                if (!IsOverlaid(member.Name))
                {
                    writer.WritePropertyName(member.Name);
                    Json.From(member.Value).WriteTo(writer);
                }
            }
            if (!isRequest)
            {
                writer.WritePropertyName("grid_snapshot");
                Json.From(posted).WriteTo(writer);
            }
            WriteOverlay(writer, plan);
            writer.WriteEndObject();
        });
    }

    private string Source => File == "-" ? "Standard input" : $"'{File}'";

    private bool IsOverlaid(string name) => name switch
    {
        "match_id" => Match is not null,
        "round" => Round is not null,
        "plan" => Plan is not null,
        "priority" => Priority is not null,
        "labels" => Labels is not null,
        "on_conflict" => OnConflict is not null,
        "webhooks" => Webhooks is not null,
        "start_at" or "delay" => (StartAt, Delay) is not (null, null),
        _ => false,
    };

    private void WriteOverlay(Utf8JsonWriter writer, Json? plan)
    {
        if (Match is not null)
        {
            writer.WriteString("match_id", Match);
        }
        if (Round is not null)
        {
            writer.WriteString("round", Round);
        }
        if (plan is not null)
        {
            writer.WritePropertyName("plan");
            plan.WriteTo(writer);
        }
        if (Priority is { } priority)
        {
            writer.WriteNumber("priority", priority);
        }
        if (Labels is not null)
        {
            writer.WritePropertyName("labels");
            Json.From(Labels).WriteTo(writer);
        }
        if (OnConflict is not null)
        {
            writer.WriteString("on_conflict", OnConflict);
        }
        if (Webhooks is not null)
        {
            writer.WritePropertyName("webhooks");
            Json.From(Webhooks.Select(static url => new { url })).WriteTo(writer);
        }
        if (StartAt is { } time)
        {
            writer.WriteString("start_at", time);
        }
        if (Delay is { } delay)
        {
            writer.WriteString("delay", DurationText.Format(delay));
        }
    }

    private Task<string> ReadAsync(TextReader standardInput, CancellationToken cancellationToken) => File == "-"
        ? Files.ReadAsync(Source, () => standardInput, cancellationToken)
        : Files.ReadAsync(File, cancellationToken);

    private JsonElement Parse(string text)
    {
        var posted = Files.Parse(Source, text).Element;
        return posted.ValueKind == JsonValueKind.Object
            ? posted
            : throw CliException.Usage(
                $"{Source} holds {posted.ValueKind.ToString().ToLowerInvariant()}; expected a JSON object.");
    }

    // What has a slash or an ending of such files is a file; a plan's name can have dots, so it is looked at last.
    private static async Task<Json> PlanAsync(string plan, CancellationToken cancellationToken)
    {
        if (!plan.Contains('/', StringComparison.Ordinal) && !plan.Contains(Path.DirectorySeparatorChar)
            && !Files.IsPlanFile(plan))
        {
            return Json.From(plan);
        }
        var text = await Files.ReadAsync(plan, cancellationToken);
        var name = Path.GetFileNameWithoutExtension(plan);
        var read = PlanReader.ReadFile(Names.IsValid(name) ? name : "inline", new ConfigFile(plan, text));
        if (read.Plan is null)
        {
            throw CliException.Usage(
                string.Join('\n', read.Problems.Select(ProblemText.Of).Prepend("the plan has mistakes:")));
        }
        return read.Plan.ToInline();
    }
}
