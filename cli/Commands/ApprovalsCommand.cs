using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Commands;

/// <summary><c>approvals</c>: what waits for people, over all runs.</summary>
internal static class ApprovalsCommand
{
    private static readonly string[] s_columns = ["run", "match/round", "step", "until", "by", "title"];

    public static Command Create(CommandTree tree)
    {
        var limit = Arguments.Number("--limit", "From how many runs to list them, 1 to 100.", 1, 100, 50);
        var cursor = new Option<string?>("--cursor")
        {
            Description = "Continue where a page ended: the 'next' that --json shows.",
            HelpName = "text",
        };
        var command = new Command("approvals", "List the steps that wait for a decision.") { limit, cursor };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var json = await session.Server.GetAsync(
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"api/v1/approvals?limit={parsed.GetValue(limit)}")
                + GridServer.Parameter("cursor", parsed.GetValue(cursor)), cancellationToken);
            var screen = session.Screen;
            if (screen.Json)
            {
                screen.Value(json);
                return ExitCode.Ok;
            }
            var page = json.To<ApprovalList>()!;
            screen.Table(s_columns, page.Approvals.Select(a => new object[]
            {
                a.RunId, $"{a.MatchId}/{a.Round}", a.Step, Show.Time(a.Until),
                a.By.IsDefaultOrEmpty ? "anybody" : string.Join(", ", a.By), a.Title,
            }));
            if (page.Next is not null)
            {
                screen.Note($"There may be more: --cursor {page.Next}");
            }
            return ExitCode.Ok;
        });
        return command;
    }
}
