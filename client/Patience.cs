namespace AgentGrid.Client;

/// <summary>How long to pause before the next try, and when to give up.</summary>
internal sealed class Patience(GridClientOptions options)
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    private TimeSpan _pause = s_firstPause;
    private long? _since;

    /// <summary>The server is there: what comes next is a trouble of its own.</summary>
    public void Found() => (_pause, _since) = (s_firstPause, null);

    /// <summary>Waits for the next try; false, at once, when that would be too late.</summary>
    /// <param name="retryAfter">What the server has said; null for growing pauses.</param>
    public async Task<bool> TryWaitAsync(TimeSpan? retryAfter, CancellationToken cancellationToken)
    {
        _since ??= options.Time.GetTimestamp();
        // Those that wait for the same server do not come back at the same moment.
        var wait = (retryAfter ?? _pause) * (1 + (Random.Shared.NextDouble() / 5));
        if (options.Time.GetElapsedTime(_since.Value) + wait > options.Patience)
        {
            return false;
        }
        _pause = _pause * 2 > s_longestPause ? s_longestPause : _pause * 2;
        await Task.Delay(wait, options.Time, cancellationToken).ConfigureAwait(false);
        return true;
    }
}
