using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

/// <summary>
/// Keeps turns of many runs with few calls: a turn that comes while a call is under way waits for it, and goes with all that
/// have come meanwhile, in their order. Each is kept or refused by itself.
/// </summary>
internal sealed class TurnBatches(IDatabase redis, RedisKey[] keys, RedisValue channel, TimeProvider time)
{
    // Redis does nothing else meanwhile.
    private const int MostTurns = 32;
    private const int MostBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<Turn> _waiting = new();
    private bool _isCalling;

    /// <summary>What became of a turn, as the script says, and whether somebody listens to the channel.</summary>
    /// <param name="arguments">Those of the script for one turn.</param>
    /// <param name="bytes">About how large they are.</param>
    /// <param name="maxRuns">How many runs there may be that have not ended.</param>
    /// <exception cref="RedisException">It is not known, or this turn was refused.</exception>
    /// <exception cref="TimeoutException">It is not known.</exception>
    public Task<(RedisResult[] Answer, bool IsListened)> AppendAsync(RedisValue[] arguments, int bytes, int maxRuns)
    {
        var turn = new Turn(arguments, bytes, maxRuns);
        lock (_gate)
        {
            _waiting.Enqueue(turn);
            if (_isCalling)
            {
                return turn.Kept.Task;
            }
            _isCalling = true;
        }
        _ = SendAsync();
        return turn.Kept.Task;
    }

    private async Task SendAsync()
    {
        while (Take() is { } batch)
        {
            try
            {
                await SendAsync(batch).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // Of each of them it is unknown whether it was kept.
                batch.ForEach(turn => turn.Kept.TrySetException(e));
            }
        }
    }

    // Null when nothing waits.
    private List<Turn>? Take()
    {
        lock (_gate)
        {
            if (!_waiting.TryDequeue(out var first))
            {
                _isCalling = false;
                return null;
            }
            var (batch, bytes) = (new List<Turn> { first }, first.Bytes);
            while (batch.Count < MostTurns && _waiting.TryPeek(out var next) && next.MaxRuns == first.MaxRuns
                && (bytes += next.Bytes) <= MostBytes)
            {
                batch.Add(_waiting.Dequeue());
            }
            return batch;
        }
    }

    private async Task SendAsync(List<Turn> batch)
    {
        var arguments = new RedisValue[3 + batch.Sum(static t => t.Arguments.Length)];
        (arguments[0], arguments[1], arguments[2]) = (channel, batch[0].MaxRuns, time.GetUtcNow().ToUnixTimeMilliseconds());
        var at = 3;
        foreach (var turn in batch)
        {
            turn.Arguments.CopyTo(arguments, at);
            at += turn.Arguments.Length;
        }
        var answers = (RedisResult[])(await Script.Append.EvaluateAsync(redis, keys, arguments).ConfigureAwait(false))!;
        for (var i = 0; i < batch.Count; i++)
        {
            var answer = (RedisResult[])answers[i + 1]!;
            if ((string?)answer[0] == "error")
            {
                batch[i].Kept.SetException(new RedisServerException((string?)answer[1] ?? "a turn was refused"));
            }
            else
            {
                batch[i].Kept.SetResult((answer, (int)answers[0] != 0));
            }
        }
    }

    private sealed record Turn(RedisValue[] Arguments, int Bytes, int MaxRuns)
    {
        public TaskCompletionSource<(RedisResult[] Answer, bool IsListened)> Kept { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
