using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>An address at which a service posts what became of the work of one attempt, signed.</summary>
internal sealed class Callback : IDisposable
{
    private readonly TaskCompletionSource<WorkState> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Service _service;
    private readonly AgentInvocation _invocation;
    private readonly byte[] _key;
    private readonly ICallback _address;

    /// <exception cref="AgentException">The program has no such addresses, or the secret is none.</exception>
    public Callback(Service service, AgentInvocation invocation, SecretText secret)
    {
        (_service, _invocation) = (service, invocation);
        _key = WebhookSignature.KeyOf(service.Context.Reveal(secret)) ?? throw Bad(
            "what 'callback_secret' refers to is not a Standard Webhooks secret: 'whsec_' and Base64");
        var desk = service.Context.Services.GetService(typeof(ICallbacks)) as ICallbacks
            ?? throw Bad("'callback_secret' needs a program that services can reach, and this one does not listen");
        _address = desk.Open(Take, service.MaxAnswerBytes);
    }

    public string Url => _address.Url.AbsoluteUri;

    /// <summary>The output, when it has been posted. Work that is left before that is withdrawn, where the service said how.</summary>
    /// <exception cref="AgentException">It failed.</exception>
    public async Task<Json> WaitAsync(Answer accepted, PreparedService prepared, CancellationToken cancellationToken)
    {
        WorkState state;
        try
        {
            state = await _done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // First, so that the service is not told that something was taken for which nobody waits.
            Dispose();
            await new Job(_service, prepared, _invocation).LeaveAsync(accepted).ConfigureAwait(false);
            throw;
        }
        return state.HasFailed ? throw accepted.Failed(state.Error) : accepted.Output(state.Result);
    }

    public void Dispose() => _address.Dispose();

    private CallbackRefusal? Take(CallbackPost post)
    {
        var now = _service.Context.Time.GetUtcNow();
        if (WebhookSignature.Problem(_key, post.Id, post.Timestamp, post.Signature, post.Body.Span, now) is { } forged)
        {
            return new CallbackRefusal(401, forged);
        }
        var value = Json.Trusted(post.Body.IsEmpty ? Json.Null.Utf8 : post.Body.ToArray());
        if (value.Problem() is { } problem)
        {
            return new CallbackRefusal(400, $"The body is not JSON: {problem}");
        }
        var state = WorkState.Read(value);
        if (!state.GoesOn)
        {
            // The first counts; one that is posted again changes nothing.
            _done.TrySetResult(state);
        }
        else if (WorkProgress.Read(value.Element) is { } progress && !_done.Task.IsCompleted)
        {
            _invocation.Progress.Report(progress.Fraction, progress.Message);
        }
        return null;
    }

    private AgentException Bad(string reason) =>
        new(HttpErrors.BadConfig, $"{_service.Who}: {reason}.", retryable: false);
}
