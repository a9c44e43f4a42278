using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary>One thing done to runs, one after another.</summary>
/// <param name="verb">The name of it in the API.</param>
/// <param name="body">What is said about it; null for nothing.</param>
/// <param name="mayBeTooLate">
/// Whether a run that it cannot be done to (any more) is passed over; otherwise the first refusal ends it.
/// </param>
internal sealed class RunChanges(Session session, string verb, Json? body, bool mayBeTooLate)
{
    public async Task<int> ApplyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var passedOver = 0;
        foreach (var id in ids)
        {
            try
            {
                Print(await ChangeAsync(id, cancellationToken));
            }
            catch (ProblemException e) when (mayBeTooLate && e.Problem.Status is 404 or 409)
            {
                passedOver++;
                session.Screen.Note($"{id}  {e.Problem.Code}: {e.Problem.Detail}");
            }
        }
        if (mayBeTooLate)
        {
            session.Screen.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"runs: {ids.Count - passedOver}{(passedOver > 0 ? $", skipped: {passedOver}" : "")}"));
        }
        return ExitCode.Ok;
    }

    private async Task<Json> ChangeAsync(string id, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await session.Server.PostAsync(
                    $"api/v1/runs/{GridServer.Segment(id)}/{verb}", body, cancellationToken);
            }
            catch (ProblemException e) when (mayBeTooLate && e.Problem.Status == 429)
            {
                // Of many, the server takes as many as it has room for.
                var wait = TimeSpan.FromSeconds(e.Problem.RetryAfter ?? 1);
                await Task.Delay(wait, session.Around.Time, cancellationToken);
            }
        }
    }

    private void Print(Json json)
    {
        if (session.Screen.Json)
        {
            session.Screen.Value(json);
            return;
        }
        var answer = json.To<CommandView>()!;
        session.Screen.Line(
            $"{answer.Run.RunId}  {answer.Run.Status}{(answer.Changed ? "" : "  (it already was)")}");
    }
}
