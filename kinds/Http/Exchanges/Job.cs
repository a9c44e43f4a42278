using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>
/// Work that a service has taken and does in its own time. It is looked at where the service said, until it is done. When it is
/// left before that, for whatever reason, the service is told that nobody waits for it.
/// </summary>
internal sealed class Job(Service service, PreparedService prepared, AgentInvocation invocation)
{
    // Looks that fail one after the other until the work is given up. The work itself is not asked for again.
    private const int MostFailedLooks = 5;

    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(100);

    private Uri _location = prepared.Url;
    private bool _isOver;

    /// <summary>The output, when there is one.</summary>
    /// <exception cref="AgentException">It failed, or cannot be followed.</exception>
    public async Task<Json> FollowAsync(Answer accepted, CancellationToken cancellationToken)
    {
        _location = LocationOf(accepted) ?? throw accepted.Bad(
            "202 means that the work is done later, but no 'Location' says where to look for it.");
        try
        {
            var pause = PauseOf(accepted);
            var failures = 0;
            while (true)
            {
                await Task.Delay(pause, service.Context.Time, cancellationToken).ConfigureAwait(false);
                try
                {
                    using var request = Service.About(HttpMethod.Get, _location, prepared, invocation);
                    using var response = await service.SendAsync(request, cancellationToken).ConfigureAwait(false);
                    var look = new Answer(service, response, invocation.Progress);
                    if (await OutputOfAsync(look, cancellationToken).ConfigureAwait(false) is { } output)
                    {
                        _isOver = true;
                        return output;
                    }
                    (pause, failures) = (PauseOf(look), 0);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested && !_isOver && ++failures < MostFailedLooks
                    && (e as AgentException ?? service.Failure(e)) is { Retryable: true } passing)
                {
                    pause = Longer(passing.RetryAfter ?? service.Settings.PollInterval);
                }
            }
        }
        finally
        {
            if (!_isOver)
            {
                await WithdrawAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Tells the service that nobody waits for the work any more, where it has said how.</summary>
    public async Task LeaveAsync(Answer accepted)
    {
        if (accepted.Location is not null)
        {
            _location = LocationOf(accepted)!;
            await WithdrawAsync().ConfigureAwait(false);
        }
    }

    // Null while it goes on.
    private async Task<Json?> OutputOfAsync(Answer look, CancellationToken cancellationToken)
    {
        if (look.Status is 404 or 410)
        {
            _isOver = true;
            throw new AgentException(
                HttpErrors.JobLost, $"{service.Who} took the work, but no longer knows of it ({look.Status}).",
                inner: new AnswerException(look.Status, "lost"));
        }
        if (look.IsAccepted)
        {
            _location = LocationOf(look) ?? _location;
        }
        var value = await look.ValueAsync(cancellationToken).ConfigureAwait(false);
        var state = WorkState.Read(value);
        if (state.HasFailed)
        {
            _isOver = true;
            throw look.Failed(state.Error);
        }
        if (state.GoesOn || (look.IsAccepted && state.Status != "succeeded"))
        {
            Report(value.Element);
            return null;
        }
        return look.Output(state.Result);
    }

    private void Report(JsonElement value)
    {
        if (WorkProgress.Read(value) is { } progress)
        {
            invocation.Progress.Report(progress.Fraction, progress.Message);
        }
    }

    // Secrets go nowhere but where the operator has said.
    private Uri? LocationOf(Answer answer)
    {
        if (answer.Location is not { } location)
        {
            return null;
        }
        var target = new Uri(prepared.Url, location);
        return Uri.Compare(target, prepared.Url, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0
            ? target
            : throw answer.Bad(
                $"its 'Location' is at {target.GetLeftPart(UriPartial.Authority)}, a different server from the one that is configured. " +
                "A relative address always works.");
    }

    private TimeSpan PauseOf(Answer answer) => Longer(answer.RetryAfter ?? service.Settings.PollInterval);

    private static TimeSpan Longer(TimeSpan pause) => pause < s_shortestPause ? s_shortestPause : pause;

    private async Task WithdrawAsync()
    {
        // Within the time in which a cancelled attempt keeps its slot.
        using var patience = new CancellationTokenSource(service.Context.CancelGrace / 2, service.Context.Time);
        try
        {
            using var request = Service.About(HttpMethod.Delete, _location, prepared, invocation);
            using var response = await service.SendAsync(request, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            service.WasNotWithdrawn(e);
        }
    }
}
