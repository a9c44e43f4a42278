using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Mcp.Servers;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using OpenAI;

namespace AgentGrid.Kinds.Chat;

/// <summary>An agent whose work is done by a language model.</summary>
internal sealed class ChatAgent : IKindAgent
{
    // What surrounds an answer on its way.
    private const int Around = 64 * 1024;

    private static readonly ActivitySource s_spans = new(GridInstruments.Name);

    private readonly string _name;
    private readonly ChatSettings _settings;
    private readonly AgentKindContext _context;
    private readonly ChatTools? _tools;
    private readonly HttpClient _http;
    private readonly Reach _reach;
    private readonly Lock _gate = new();
    private (Uri Endpoint, IChatClient Client)? _model;

    public ChatAgent(string name, ChatSettings settings, AgentKindContext context, McpServers servers, ILogger logger)
    {
        (_name, _settings, _context) = (name, settings, context);
        var most = (int)Math.Min((long)context.MaxOutputBytes + Around, Array.MaxLength / 2);
        _http = ServiceClients.Create(settings.ConnectTimeout, inner => new ChatHandler(settings, context, most, inner));
        _tools = settings.Tools is { } tools ? new ChatTools(name, tools, context, servers, logger) : null;
        _reach = new Reach(name, settings.Endpoint.Template, Prepare, settings.ConnectTimeout, context.Time, logger);
    }

    public AgentHealth Health => _reach.Health is { Problem: null } && _tools?.Health is { } health ? health : _reach.Health;

    private string Who => $"Agent '{_name}': {_settings.Target}";

    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        await _reach.CheckAsync(cancellationToken).ConfigureAwait(false);
        if (_tools is not null)
        {
            await _tools.WarmUpAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        using var span = Begin(invocation);
        try
        {
            var answer = await AskAsync(invocation, cancellationToken).ConfigureAwait(false);
            _reach.Answered();
            return answer.Output(_settings, Who);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (ChatFailure.Of(e, Who, _context) is { } failure)
        {
            var shown = new AgentException(
                failure.Error.Code, _context.Conceal(failure.Error.Message, _settings.Secrets), failure.Error.Retryable, e)
            {
                RetryAfter = failure.Error.RetryAfter,
            };
            Tell(failure, shown);
            throw shown;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reach.DisposeAsync().ConfigureAwait(false);
        if (_tools is not null)
        {
            await _tools.DisposeAsync().ConfigureAwait(false);
        }
        // Not the client around it: with its meter it would end the metrics of all agents that have such a meter.
        _http.Dispose();
    }

    private async Task<ChatAnswer> AskAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var messages = ChatRequest.Messages(_settings, invocation.Input);
        var (endpoint, model) = Model();
        if (_tools is null)
        {
            return await AskAsync(model, messages, ChatRequest.Options(_settings, endpoint, []), invocation, cancellationToken).ConfigureAwait(false);
        }
        var tools = await _tools.OpenAsync(invocation, cancellationToken).ConfigureAwait(false);
        var options = ChatRequest.Options(_settings, endpoint, tools.Declarations);
        UsageDetails? usage = null;
        while (true)
        {
            var answer = await AskAsync(model, messages, options, invocation, cancellationToken).ConfigureAwait(false);
            if (answer.Usage is { } spent)
            {
                (usage ??= new UsageDetails()).Add(spent);
            }
            if (!answer.WantsTools)
            {
                return answer with { Usage = usage, ToolCalls = tools.Calls };
            }
            messages.Add(new ChatMessage(ChatRole.Assistant, [.. answer.Text.Length > 0 ? [new TextContent(answer.Text)] : (AIContent[])[], .. answer.Calls]));
            messages.Add(new ChatMessage(ChatRole.Tool, await tools.CallAsync(answer.Calls, Who, cancellationToken).ConfigureAwait(false)));
        }
    }

    private async Task<ChatAnswer> AskAsync(
        IChatClient model, List<ChatMessage> messages, ChatOptions options, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var answer = await AnswerAsync(model, messages, options, invocation, cancellationToken).ConfigureAwait(false);
        if (answer.Tokens is { } tokens)
        {
            invocation.ReportUsage(tokens);
        }
        return answer;
    }

    private async Task<ChatAnswer> AnswerAsync(
        IChatClient model, List<ChatMessage> messages, ChatOptions options, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        if (!_settings.Stream)
        {
            return ChatAnswer.Of(
                await model.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false));
        }
        var answer = new StreamedAnswer(_settings, invocation.Progress, _context.MaxOutputBytes, Who);
        await foreach (var update in model.GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            answer.Add(update);
        }
        return answer.End();
    }

    // In the process that drives the run the attempt's span is the current one. On another node there is none yet.
    private Activity? Begin(AgentInvocation invocation) => Activity.Current is null && invocation.TraceParent is { } parent
        ? s_spans.StartActivity($"invoke_agent {_name}", ActivityKind.Internal, parent)
        : null;

    // What is secret goes with each request: this is to know that it is there.
    private Uri Prepare()
    {
        var endpoint = _context.Reveal(_settings.Endpoint);
        foreach (var secret in _settings.Secrets)
        {
            ServiceSettings.HeaderValue("api_key or a header", _context.Reveal(secret));
        }
        return ServiceAddress.Problem(endpoint) is { } problem
            ? throw new AgentException(
                HttpErrors.BadConfig, $"Agent '{_name}': 'endpoint' is '{_settings.Endpoint.Template}': {problem}", retryable: false)
            : new Uri(endpoint);
    }

    private (Uri Endpoint, IChatClient Client) Model()
    {
        var endpoint = Prepare();
        lock (_gate)
        {
            if (_model is not { } model || model.Endpoint != endpoint)
            {
                _model = model = (endpoint, Create(endpoint));
            }
            return model;
        }
    }

    // It would try again by itself, three times, where nobody sees it, and pay each time.
    private IChatClient Create(Uri endpoint) => new OpenAIClient(new ApiKeyCredential("set by ChatHandler"), new OpenAIClientOptions
    {
        Endpoint = endpoint,
        RetryPolicy = new ClientRetryPolicy(0),
        NetworkTimeout = Timeout.InfiniteTimeSpan,
        Transport = new HttpClientPipelineTransport(_http),
    }).GetChatClient(_settings.Model).AsIChatClient().AsBuilder().UseOpenTelemetry(sourceName: GridInstruments.Name).Build();

    private void Tell(ChatFailure failure, AgentException shown)
    {
        if (failure.Error.Code is HttpErrors.ConnectionFailed || failure.IsUnprepared)
        {
            _reach.Failed(shown, isUnreachable: true);
        }
        else if (failure.Status is 401 or 402 or 403 or 407)
        {
            _reach.Failed(shown, isUnreachable: false);
        }
        else if (failure.Status is not null)
        {
            _reach.Answered();
        }
    }
}
