using System.CommandLine;

namespace AgentGrid.Cli.Commands;

/// <summary><c>cancel</c>: asks runs to end.</summary>
internal static class CancelCommand
{
    public static Command Create(CommandTree tree)
    {
        var runs = new RunSelection(
            "cancel", ["scheduled", "queued", "running"], "waiting_for_slot", "retrying", "waiting", "waiting_for_approval");
        var reason = new Option<string?>("--reason") { Description = "Why; kept with the run.", HelpName = "text" };
        var command = new Command("cancel", "Cancel runs: by name, by filter, or all of them.");
        runs.AddTo(command);
        command.Add(reason);
        tree.HandleChange(command, async (parsed, session, cancellationToken) =>
        {
            var body = parsed.GetValue(reason) is { } why ? Bodies.Of("reason", why) : null;
            var ids = await runs.IdsAsync(parsed, session.Server, cancellationToken);
            return await new RunChanges(session, "cancel", body, mayBeTooLate: !runs.IsNamed(parsed))
                .ApplyAsync(ids, cancellationToken);
        });
        return command;
    }
}
