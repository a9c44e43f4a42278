using System.CommandLine;
using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>show</c>: a run with its steps and attempts, and why each went where it went.</summary>
internal static class ShowCommand
{
    public static Command Create(CommandTree tree)
    {
        var run = new RunName();
        var step = new Option<string?>("--step")
        {
            Description = "Only this step, with every agent and every node that was considered.",
            HelpName = "id",
        };
        var output = new Option<bool>("--output")
        {
            Description = "Print only the result of the run, or with --step the output of the step.",
        };
        var command = new Command("show", "Show a run: steps, attempts, and why each went where it went.");
        run.AddTo(command);
        command.Add(step);
        command.Add(output);
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var id = await run.ResolveAsync(parsed, session, cancellationToken);
            if (parsed.GetValue(output))
            {
                return await OutputAsync(session, id, parsed.GetValue(step), cancellationToken);
            }
            var json = await session.Server.RunAsync(id, cancellationToken);
            if (parsed.GetValue(step) is { } named)
            {
                PrintStep(session.Screen, json, named, session.Around.Time.GetUtcNow());
            }
            else if (session.Screen.Json)
            {
                session.Screen.Value(json);
            }
            else
            {
                await PrintAsync(session, json.To<RunView>()!, cancellationToken);
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> OutputAsync(
        Session session, string id, string? step, CancellationToken cancellationToken)
    {
        var json = step is not null
            ? await session.Server.GetAsync(
                $"api/v1/runs/{GridServer.Segment(id)}/steps/{GridServer.Segment(step)}/output", cancellationToken)
            : (await session.Server.RunAsync(id, cancellationToken)).To<RunView>()!.Result
                ?? throw new CliException(
                    ExitCode.Refused, $"The run {id} has no result: only a completed run has one.");
        if (session.Screen.Json)
        {
            session.Screen.Value(json);
        }
        else
        {
            session.Screen.Indented(json);
        }
        return ExitCode.Ok;
    }

    private static async Task PrintAsync(Session session, RunView run, CancellationToken cancellationToken)
    {
        var agents = WaitReason.ByAnAgent(run)
            ? (await session.Server.GetAsync("api/v1/agents", cancellationToken)).To<AgentList>()!.Agents
            : [];
        var byName = agents.ToDictionary(a => a.Name, StringComparer.Ordinal);
        var (screen, now) = (session.Screen, session.Around.Time.GetUtcNow());
        screen.Line($"run       {run.RunId}");
        screen.Line($"key       {run.MatchId}/{run.Round}");
        screen.Line($"plan      {run.Plan}@{run.PlanVersion}");
        screen.Line($"status    {run.Status}");
        if (run.Supersedes is { } before)
        {
            screen.Line($"supersedes run {before}, as number {run.Generation} of its key");
        }
        if (run.SupersededBy is { } after)
        {
            screen.Line($"superseded by run {after}");
        }
        if (run.SubmittedBy is { } caller)
        {
            screen.Line($"posted by {caller}");
        }
        if (run.Parent is { } parent)
        {
            screen.Line($"for       step {parent.Step}, attempt {parent.Attempt}, of run {parent.Run}");
        }
        if (run.Labels is { } labels)
        {
            screen.Line($"labels    {string.Join(", ", labels.All.Select(static l => $"{l.Key}={l.Value}"))}");
        }
        screen.Line($"accepted  {Show.Time(run.AcceptedAt)}");
        screen.Line($"duration  {Show.SpanSoFar(run.LastStartedAt, run.EndedAt, now)}");
        foreach (var line in WaitReason.Lines(run, byName, now))
        {
            screen.Line($"waits     {line}");
        }
        if (run.Error is { } error)
        {
            screen.Line($"error     {error.Code}: {error.Message}");
        }
        if (run.CancelReason is { } reason)
        {
            screen.Line($"reason    {reason}");
        }
        screen.Line();
        screen.Table(
            ["step", "mode", "status", "took", "output", "remark"],
            run.Steps.Select(s => new object[]
            {
                s.Id, Mode(s), Show.Status(s.Status), Show.SpanSoFar(s.StartedAt, s.EndedAt, now), Bytes(s.OutputBytes),
                s.Error?.Message ?? s.SkipReason ?? "",
            }));
        screen.Line();
        PrintAttempts(screen, run.Steps, now);
        PrintWebhooks(screen, run);
        if (run.Result is { } result)
        {
            screen.Line();
            screen.Line("result");
            screen.Indented(result);
        }
    }

    // What they are to be told; and those that have not been told anything yet.
    private static void PrintWebhooks(Screen screen, RunView run)
    {
        if (run.Webhooks.IsDefaultOrEmpty)
        {
            return;
        }
        screen.Line();
        screen.Table(
            ["webhook", "told", "state", "tries", "next try", "remark"],
            run.Webhooks.SelectMany(w => w.Deliveries.IsDefaultOrEmpty
                ? [[w.Url, string.Join(", ", w.On), Show.Nothing, Show.Nothing, Show.Nothing, ""]]
                : w.Deliveries.Select(d => new object[]
                {
                    w.Url, d.Step is null ? d.Event : $"{d.Event} ({d.Step})", Show.Status(d.State),
                    d.Tries.ToString(CultureInfo.InvariantCulture), d.NextTryAt is { } next ? Show.Time(next) : Show.Nothing,
                    d.LastError ?? "",
                })));
    }

    private static void PrintStep(Screen screen, Json json, string named, DateTimeOffset now)
    {
        var run = json.To<RunView>()!;
        var index = run.Steps.Select(s => s.Id).ToList().IndexOf(named);
        if (index < 0)
        {
            throw new CliException(
                ExitCode.Refused,
                $"The run {run.RunId} has no step '{named}'; it has {string.Join(", ", run.Steps.Select(s => s.Id))}.");
        }
        if (screen.Json)
        {
            screen.Value(Json.From(json.Element.GetProperty("steps")[index]));
            return;
        }
        var step = run.Steps[index];
        screen.Line($"step    {step.Id}");
        screen.Line($"mode    {Mode(step)}");
        screen.Line($"status  {step.Status}");
        screen.Line($"needs   {(step.Needs.IsDefaultOrEmpty ? Show.Nothing : string.Join(", ", step.Needs))}");
        screen.Line($"took    {Show.SpanSoFar(step.StartedAt, step.EndedAt, now)}");
        screen.Line();
        PrintAttempts(screen, [step], now);
        foreach (var attempt in step.Attempts)
        {
            PrintReasons(screen, attempt);
            PrintDetail(screen, attempt);
        }
    }

    private static void PrintReasons(Screen screen, AttemptView attempt)
    {
        if (attempt.Hedge is { } hedge)
        {
            screen.Line();
            screen.Line($"backup of attempt {attempt.Attempt}: {(hedge.At is { } at ? $"from {Show.Time(at)}, {hedge.Why}" : hedge.Why)}");
        }
        if (attempt.Tokens is { } tokens)
        {
            screen.Line();
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"tokens of attempt {attempt.Attempt}: {tokens}"));
        }
        if (attempt.Decision is { Candidates.IsDefaultOrEmpty: false } decision)
        {
            screen.Line();
            screen.Line($"candidates of attempt {attempt.Attempt}: {decision.Why}");
            DecisionTable.Print(screen, decision);
        }
        if (attempt.Placement is { Candidates.IsDefaultOrEmpty: false } placement)
        {
            screen.Line();
            screen.Line($"nodes for attempt {attempt.Attempt}: {placement.Why}");
            PlacementTable.Print(screen, placement);
        }
    }

    private static void PrintDetail(Screen screen, AttemptView attempt)
    {
        if (attempt.Error is { Detail: { } detail } error)
        {
            screen.Line();
            screen.Line($"error of attempt {attempt.Attempt}: {error.Type}");
            foreach (var line in detail.TrimEnd().Split('\n'))
            {
                screen.Line($"  {line.TrimEnd('\r')}");
            }
        }
    }

    private static void PrintAttempts(
        Screen screen, IReadOnlyCollection<StepView> steps, DateTimeOffset now) => screen.Table(
        ["step", "attempt", "agent", "status", "waited", "ran", "why here", "node", "remark"],
        steps.SelectMany(s => s.Attempts.Select(a => new object[]
        {
            s.Id, a.Attempt.ToString(CultureInfo.InvariantCulture), a.Agent, Show.Status(a.Status),
            Show.SpanSoFar(a.QueuedAt, a.StartedAt ?? a.EndedAt, now), Show.SpanSoFar(a.StartedAt, a.EndedAt, now),
            a.Decision?.Why ?? Show.Nothing, Node(a),
            Remark(a),
        })));

    private static string Remark(AttemptView attempt) => attempt.Error is { } error ? $"{error.Code}: {error.Message}"
        : attempt.Receipt is { } receipt ? $"{attempt.CancelReason}; {receipt.InWords}"
        : attempt.CancelReason ?? "";

    // What a plan does has no node, but a run of its own. Where there was no choice between nodes there is no reason to tell.
    private static string Node(AttemptView attempt)
    {
        if (attempt.Run is { } child)
        {
            return $"run {child}";
        }
        var gpu = attempt.Placement?.Gpu is { } index
            ? string.Create(CultureInfo.InvariantCulture, $", GPU {index}")
            : "";
        var why = attempt.Placement is { } placement ? $": {placement.Why}" : "";
        return $"{attempt.Node ?? Show.Nothing}{gpu}{why}";
    }

    private static string Mode(StepView step) => step.Required is { } required && step.Branches is { } branches
        ? string.Create(CultureInfo.InvariantCulture, $"{step.Mode} ({required} of {branches})")
        : step.Mode;

    private static string Bytes(int? bytes) =>
        bytes is { } count ? string.Create(CultureInfo.InvariantCulture, $"{count} B") : Show.Nothing;
}
