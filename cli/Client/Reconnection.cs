using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Client;

/// <summary>
/// Asks a server that has answered before until it answers again, with growing pauses, and says so. One that has never
/// answered is not waited for: its address may be wrong.
/// </summary>
internal sealed class Reconnection(GridServer server, Screen screen, TimeProvider time)
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(5);

    private TimeSpan _wait = s_firstWait;
    private bool _lost;

    public async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var answer = await ask();
                Found();
                return answer;
            }
            catch (NoAnswerException e) when (server.HasAnswered)
            {
                await LostAsync(e.Why, cancellationToken);
            }
            catch (ProblemException e) when (server.HasAnswered && e.Problem.Status >= 500)
            {
                await LostAsync(e.Problem.Detail, cancellationToken);
            }
        }
    }

    /// <summary>The connection has ended: says so, and waits for a moment.</summary>
    public Task LostAsync(string why, CancellationToken cancellationToken)
    {
        if (!_lost)
        {
            screen.Note($"The connection to {server.Address} is lost; trying again: {why}");
        }
        (_lost, var wait) = (true, _wait);
        _wait = wait * 2 > s_longestWait ? s_longestWait : wait * 2;
        return Task.Delay(wait, time, cancellationToken);
    }

    private void Found()
    {
        if (_lost)
        {
            screen.Note("Connected again.");
        }
        (_lost, _wait) = (false, s_firstWait);
    }
}
