using System.CommandLine;
using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>plans</c>: what plans there are, or what one of them says.</summary>
internal static class PlansCommand
{
    public static Command Create(CommandTree tree)
    {
        var name = new Argument<string?>("plan")
        {
            Description = "Print the definition of this plan.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var hedges = new Option<bool>("--hedges")
        {
            Description = "Of the plan that is named: what backups have cost and gained in its newest runs.",
        };
        var command = new Command("plans", "List plans, or print the definition of one.") { name, hedges };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            if (parsed.GetValue(hedges))
            {
                await PrintHedgesAsync(session, parsed.GetValue(name), cancellationToken);
                return ExitCode.Ok;
            }
            var json = await session.Server.GetAsync("api/v1/plans", cancellationToken);
            var plans = json.To<PlanList>()!.Plans;
            if (parsed.GetValue(name) is { } wanted)
            {
                PrintOne(session, json, plans.Select(p => p.Name).ToList().IndexOf(wanted), wanted);
            }
            else if (session.Screen.Json)
            {
                session.Screen.Value(json);
            }
            else
            {
                session.Screen.Table(["plan", "version", "default", "steps"], plans.Select(Row));
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task PrintHedgesAsync(Session session, string? plan, CancellationToken cancellationToken)
    {
        if (plan is null)
        {
            throw new CliException(ExitCode.Usage, "--hedges is about one plan: name it.");
        }
        var json = await session.Server.GetAsync($"api/v1/plans/{Uri.EscapeDataString(plan)}/hedges", cancellationToken);
        if (session.Screen.Json)
        {
            session.Screen.Value(json);
            return;
        }
        var report = json.To<HedgeReportView>()!;
        session.Screen.Line(report.Steps.IsDefaultOrEmpty
            ? $"None of the newest {report.Runs} runs of '{plan}' that have ended has a step with 'hedge'."
            : $"The newest {report.Runs} runs of '{plan}' that have ended:");
        if (report.Steps.IsDefaultOrEmpty)
        {
            return;
        }
        session.Screen.Table(
            ["step", "executions", "backups", "won", "lost", "refused", "did not stop", "lost time", "saved", "p50", "p99", "p50 without", "p99 without"],
            report.Steps.Select(Row));
    }

    private static object[] Row(HedgedStepView step) =>
    [
        step.Step, Number(step.Executions), Number(step.Started), Number(step.Won), Number(step.Lost), Number(step.Refused),
        Number(step.DidNotStop), Seconds(step.LostSeconds), AtLeast(step, Seconds(step.SavedSeconds)),
        Millis(step.WithMs?.P50), Millis(step.WithMs?.P99), AtLeast(step, Millis(step.WithoutMs?.P50)), AtLeast(step, Millis(step.WithoutMs?.P99)),
    ];

    private static string AtLeast(HedgedStepView step, string number) => step.AtLeast > 0 ? $"≥ {number}" : number;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s");

    private static string Millis(double? ms) => ms is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0.#} ms") : Show.Nothing;

    private static void PrintOne(Session session, Json json, int index, string wanted)
    {
        if (index < 0)
        {
            throw new CliException(ExitCode.Refused, $"The server has no plan '{wanted}'.");
        }
        var plan = json.Element.GetProperty("plans")[index];
        if (session.Screen.Json)
        {
            session.Screen.Value(Json.From(plan));
            return;
        }
        session.Screen.Indented(Json.From(plan.GetProperty("definition")));
    }

    private static object[] Row(PlanView plan) =>
    [
        plan.Name, plan.Version, plan.IsDefault ? "yes" : "",
        plan.Definition.Element.GetProperty("steps").EnumerateObject().Count().ToString(CultureInfo.InvariantCulture),
    ];
}
