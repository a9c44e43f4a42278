using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>retry</c>: lets ended runs go on, from their completed steps or from a step.</summary>
internal static class RetryCommand
{
    public static Command Create(CommandTree tree)
    {
        var runs = new RunSelection("retry", ["failed", "cancelled"], "completed");
        var (wait, timeout) = (Arguments.Wait(), Arguments.Timeout());
        var from = new Option<string?>("--from")
        {
            Description = "Run this step again, and those that depend on it; of any ended run.",
            HelpName = "step",
        };
        var command = new Command("retry", "Resume failed or cancelled runs from their completed steps.");
        runs.AddTo(command);
        command.Add(from);
        command.Add(wait);
        command.Add(timeout);
        command.Needs(timeout, wait);
        tree.HandleChange(command, async (parsed, session, cancellationToken) =>
        {
            var body = parsed.GetValue(from) is { } step ? Bodies.Of("from_step", step) : null;
            if (parsed.GetValue(wait))
            {
                return runs.IsOne(parsed)
                    ? await WaitAsync(session, runs, body, parsed, parsed.GetValue(timeout), cancellationToken)
                    : throw CliException.Usage("--wait works with one run that is named.");
            }
            var ids = await runs.IdsAsync(parsed, session.Server, cancellationToken);
            return await new RunChanges(session, "retry", body, mayBeTooLate: !runs.IsNamed(parsed))
                .ApplyAsync(ids, cancellationToken);
        });
        return command;
    }

    private static async Task<int> WaitAsync(
        Session session, RunSelection runs, Json? body, ParseResult parsed, TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        using var waiting = new Waiting(session, timeout, cancellationToken);
        var (id, before) = await waiting.BeginAsync(async token =>
        {
            var id = (await runs.IdsAsync(parsed, session.Server, token))[0];
            var before = await session.Feed.LastSeqAsync(token);
            await session.Server.PostAsync($"api/v1/runs/{GridServer.Segment(id)}/retry", body, token);
            return (id, before);
        });
        return await waiting.EndAsync(id, before);
    }
}
