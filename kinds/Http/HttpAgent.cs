using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Http.Exchanges;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Http;

/// <summary>An agent whose work is done by a service that is asked over HTTP.</summary>
internal sealed class HttpAgent : IKindAgent
{
    private readonly Service _service;
    private readonly Reach _reach;

    public HttpAgent(string name, HttpSettings settings, AgentKindContext context, ILogger logger)
    {
        _service = new Service(name, settings, context, logger);
        _reach = new Reach(
            name, settings.Target, () => _service.Prepare().Url, settings.ConnectTimeout, context.Time, logger);
    }

    public AgentHealth Health => _reach.Health;

    public Task WarmUpAsync(CancellationToken cancellationToken) => _reach.CheckAsync(cancellationToken);

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        try
        {
            var output = await _service.AskAsync(invocation, cancellationToken).ConfigureAwait(false);
            _reach.Answered();
            return output;
        }
        catch (AgentException e)
        {
            var shown = _service.Shown(e);
            Tell(e, shown);
            throw shown;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reach.DisposeAsync().ConfigureAwait(false);
        _service.Dispose();
    }

    // What any attempt would meet as well. Whatever else a service answers, it is there.
    private void Tell(AgentException error, AgentException shown)
    {
        switch (error.InnerException)
        {
            case UnpreparedException:
            case not null when error.Code == HttpErrors.ConnectionFailed:
                _reach.Failed(shown, isUnreachable: true);
                break;
            case AnswerException { RefusesUs: true }:
                _reach.Failed(shown, isUnreachable: false);
                break;
            case AnswerException:
                _reach.Answered();
                break;
            default:
                break; // says nothing about the service
        }
    }
}
