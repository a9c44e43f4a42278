using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>A run as its journal has it: its plan, and all its events. What else is shown of a run follows from them.</summary>
/// <param name="Events">In their order; the first is that it was accepted.</param>
public sealed record RunJournal(Plan Plan, ImmutableArray<RunEvent> Events)
{
    /// <summary>The same without the places in agents where things were thrown, for those who may not see them.</summary>
    public RunJournal WithoutErrorDetail() => this with { Events = [.. Events.Select(WithoutDetail)] };

    /// <summary>The run by its events.</summary>
    /// <exception cref="InvalidDataException">They cannot follow each other.</exception>
    public RunState Replay()
    {
        try
        {
            return Events.Aggregate(new RunState(Plan), RunMachine.Evolve);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidDataException($"The events of a run do not fit each other: {e.Message}", e);
        }
    }

    /// <summary><c>{"plan": NAME, "plan_definition": {...}, "events": [{"type": "run.accepted", ...}, ...]}</c></summary>
    public Json ToJson() => Json.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("plan"u8, Plan.Name);
        writer.WritePropertyName("plan_definition"u8);
        Plan.Definition.WriteTo(writer);
        writer.WritePropertyName("events"u8);
        RunEventJson.Write(writer, [.. Events.Select(Inline)]);
        writer.WriteEndObject();
    });

    /// <summary>Reads what <see cref="ToJson"/> has written.</summary>
    /// <exception cref="InvalidDataException">It is something else, or of a later version.</exception>
    public static RunJournal Read(Json json)
    {
        try
        {
            var journal = json.Element;
            var read = PlanReader.ReadJson(journal.GetProperty("plan").GetString()!, json.Part(journal.GetProperty("plan_definition")));
            return new RunJournal(
                read.Plan ?? throw new InvalidDataException($"The plan of a run cannot be read: {read.Problems[0].Message}"),
                [.. RunEventJson.Read(json.Part(journal.GetProperty("events")).Utf8.Span)]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or NotSupportedException)
        {
            throw new InvalidDataException($"The events of a run cannot be read: {e.Message}", e);
        }
    }

    // Whoever reads it elsewhere cannot ask for what lies beside the journal.
    private static RunEvent Inline(RunEvent e) => e switch
    {
        RunEvent.RunAccepted { Stored: not null } x => x with { Input = Json.Trusted(x.Input.Utf8) },
        RunEvent.AttemptSucceeded { Stored: not null } x => x with { Output = Json.Trusted(x.Output.Utf8) },
        _ => e,
    };

    private static RunEvent WithoutDetail(RunEvent e) => e switch
    {
        RunEvent.AttemptFailed x => x with { Error = x.Error with { Detail = null } },
        RunEvent.StepFailed x => x with { Error = x.Error with { Detail = null } },
        RunEvent.RunFailed x => x with { Error = x.Error with { Detail = null } },
        _ => e,
    };
}
