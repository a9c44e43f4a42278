using System.Text.Json;
using AgentGrid.Api.Feed;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.A2a;

/// <summary><c>/a2a</c>: the Agent2Agent protocol 1.0 over JSON-RPC. A plan is a skill, and a run is a task.</summary>
internal sealed partial class A2aApi(
    IAgentGrid grid, ApiOptions options, MemoryGate memory, FeedSlots slots, MessageMethods messages,
    IHostApplicationLifetime lifetime, TimeProvider time, ILogger<A2aApi> logger)
{
    public const string Path = "/a2a";
    public const string Version = "1.0";
    private const string VersionHeader = "A2A-Version";
    private const int MaxBatch = 50;

    // The methods that there are, and what they need.
    private static readonly Dictionary<string, ApiScope> s_scopes = new(StringComparer.Ordinal)
    {
        ["SendMessage"] = ApiScope.Submit,
        ["SendStreamingMessage"] = ApiScope.Submit,
        ["GetTask"] = ApiScope.Read,
        ["ListTasks"] = ApiScope.Read,
        ["CancelTask"] = ApiScope.Submit,
        ["SubscribeToTask"] = ApiScope.Read,
    };

    private readonly TaskMethods _tasks = new(grid);

    public static void Map(WebApplication app, ApiOptions options)
    {
        var services = app.Services;
        var api = ActivatorUtilities.CreateInstance<A2aApi>(
            services, options, ActivatorUtilities.CreateInstance<MessageMethods>(services));
        // Which of the two scopes it takes is for the method to say.
        app.MapPost(Path, api.HandleAsync).AsApi().Knows(VersionHeader).Requires(ApiScope.Read | ApiScope.Submit)
            .ExcludeFromDescription();
        new AgentCardApi(services.GetRequiredService<IAgentGrid>(), options).Map(app);
    }

    private async Task HandleAsync(HttpContext context)
    {
        var (body, problem) = await ReadAsync(context.Request);
        if (problem is not null)
        {
            await RpcReply.WriteAsync(context, RpcReply.Of(Json.Null, problem));
        }
        else if (body.ValueKind == JsonValueKind.Array)
        {
            await BatchAsync(context, body);
        }
        else if (RpcCall.Read(body) is var (call, refusal) && call is null)
        {
            await RpcReply.WriteAsync(context, refusal!);
        }
        else if (await AnswerAsync(context, call, mayStream: true) is { } reply)
        {
            await RpcReply.WriteAsync(context, reply);
        }
    }

    private async Task<(JsonElement Body, RpcError? Problem)> ReadAsync(HttpRequest request)
    {
        using var room = memory.Enter();
        if (!room.TryRead(Math.Min(request.ContentLength ?? 0, options.MaxBodyBytes)))
        {
            return (default, RpcError.Of(MemoryGate.Refusal));
        }
        var (body, problem) = await RequestBody.ReadAsync(request, options.MaxBodyBytes);
        if (body is null)
        {
            return (default, new RpcError(RpcError.InvalidRequest, problem!.Detail) { ApiCode = problem.Code, HttpStatus = problem.Status });
        }
        using (body)
        {
            return StrictJson.Validate(body.Utf8) is { } malformed
                ? (default, new RpcError(RpcError.Parse, malformed.Detail) { ApiCode = malformed.Code })
                : (JsonElement.Parse(body.Utf8), null);
        }
    }

    private async Task BatchAsync(HttpContext context, JsonElement batch)
    {
        if (batch.GetArrayLength() is 0 or > MaxBatch)
        {
            await RpcReply.WriteAsync(context, RpcReply.Of(
                Json.Null, new RpcError(RpcError.InvalidRequest, $"A batch has 1 to {MaxBatch} requests; this one has {batch.GetArrayLength()}.")));
            return;
        }
        // All at once: one that waits for its task must not keep the others from beginning.
        var replies = await Task.WhenAll(batch.EnumerateArray().Select(RpcCall.Read).Select(read =>
            read.Call is { } call ? AnswerAsync(context, call, mayStream: false) : Task.FromResult(read.Refusal)));
        RpcReply[] said = [.. replies.OfType<RpcReply>()];
        if (said.Length > 0)
        {
            await RpcReply.WriteAsync(context, said);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    // Null when there is nothing to say: to a notification, and after a stream.
    private async Task<RpcReply?> AnswerAsync(HttpContext context, RpcCall call, bool mayStream)
    {
        object? result;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            result = VersionProblem(context.Request) ?? ScopeProblem(context, call.Method)
                ?? await DoAsync(context, call, mayStream, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            result = RpcError.Later(SubmitProblems.Unavailable("The server is stopping. Send the message again: it will find its task."));
        }
        catch (GridUnavailableException e)
        {
            result = RpcError.Later(SubmitProblems.Unavailable(e.Message));
        }
        catch (Exception e) when (e is not OperationCanceledException && !context.Response.HasStarted)
        {
            LogUnhandled(call.Method, e);
            result = new RpcError(RpcError.Internal, e is KeptDataException ? e.Message : "The server could not do this; its log says why.")
            {
                ApiCode = e is KeptDataException ? ApiCode.Damaged : ApiCode.Internal,
                HttpStatus = StatusCodes.Status500InternalServerError,
            };
        }
        if (call.Id is not null && result is not null && !context.Response.HasStarted)
        {
            return RpcReply.Of(call.Id, result);
        }
        if (mayStream && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        return null;
    }

    // What has no version is of 0.3, which had other names for everything.
    private static RpcError? VersionProblem(HttpRequest request)
    {
        var header = request.Headers[VersionHeader].ToString();
        var asked = header.Length > 0 ? header : request.Query[VersionHeader].ToString();
        return asked == Version || asked.StartsWith(Version + ".", StringComparison.Ordinal) ? null
            : new RpcError(RpcError.VersionNotSupported,
                $"This server speaks A2A {Version}, and got {(asked.Length == 0 ? $"no '{VersionHeader}', which means 0.3" : $"'{Names.Shorten(asked)}'")}. " +
                $"Send '{VersionHeader}: {Version}'.");
    }

    private static RpcError? ScopeProblem(HttpContext context, string method) =>
        s_scopes.TryGetValue(method, out var scope) && context.Features.Get<ApiCaller>() is { } caller && (caller.Scopes & scope) == 0
            ? RpcError.Lacks(caller, scope)
            : null;

    // Null after a stream.
    private async Task<object?> DoAsync(HttpContext context, RpcCall call, bool mayStream, CancellationToken cancellationToken)
    {
        switch (call.Method)
        {
            case "GetTask":
                return await _tasks.GetAsync(call.Params, cancellationToken);
            case "ListTasks":
                return await _tasks.ListAsync(call.Params, cancellationToken);
            case "CancelTask":
                return await _tasks.CancelAsync(call.Params);
            case "SendStreamingMessage" or "SubscribeToTask" when !mayStream:
                return new RpcError(RpcError.InvalidRequest, $"{call.Method} is answered with a stream, which a batch cannot carry.");
            case "SendMessage" or "SendStreamingMessage":
                return await SendAsync(context, call, cancellationToken);
            case "SubscribeToTask":
                return await SubscribeAsync(context, call, cancellationToken);
            case "CreateTaskPushNotificationConfig" or "GetTaskPushNotificationConfig" or "ListTaskPushNotificationConfigs"
                or "DeleteTaskPushNotificationConfig":
                return new RpcError(RpcError.PushNotificationNotSupported, "Push notifications are not supported; subscribe to the task.");
            case "GetExtendedAgentCard":
                return new RpcError(RpcError.UnsupportedOperation, $"The only card is the one at {AgentCardApi.Path}.");
            default:
                var near = Names.Nearest(call.Method, s_scopes.Keys) is { } name ? $", did you mean '{name}'?" : ".";
                return new RpcError(RpcError.MethodNotFound, $"There is no method '{Names.Shorten(call.Method)}' in A2A {Version}{near}");
        }
    }

    private async Task<object?> SendAsync(HttpContext context, RpcCall call, CancellationToken cancellationToken)
    {
        var read = MessageReader.Read(call.Params);
        if (read is not SentMessage message)
        {
            return read;
        }
        var caller = context.Features.Get<ApiCaller>()?.Name;
        var delivered = await messages.DeliverAsync(message, caller, OrchestrateEndpoint.TraceParentOf(context.Request));
        if (delivered is not MessageMethods.Addressed(var run, var isNew))
        {
            return delivered;
        }
        if (call.Id is not { } id)
        {
            return null;
        }
        return call.Method == "SendMessage"
            ? await messages.WaitAsync(run, message, cancellationToken)
            : await StreamAsync(
                context, run, output => new TaskStream(grid, output, id, run, isNew, message.HistoryLength, time),
                mayBeOver: true, cancellationToken);
    }

    private async Task<object?> SubscribeAsync(HttpContext context, RpcCall call, CancellationToken cancellationToken)
    {
        var read = new ParamReader();
        var task = read.Needed(call.Params, "id");
        return read.Error is { } error ? error
            : call.Id is not { } id ? null
            : !RunId.TryParse(task, out var run) ? RpcError.NoSuchTask(task)
            : await StreamAsync(
                context, run, output => new TaskStream(grid, output, id, run, isNew: false, null, time),
                mayBeOver: false, cancellationToken);
    }

    private async Task<RpcError?> StreamAsync(
        HttpContext context, RunId run, Func<EventOutput, TaskStream> begin, bool mayBeOver, CancellationToken cancellationToken)
    {
        if (!slots.TryEnter())
        {
            return RpcError.Later(slots.Refusal());
        }
        try
        {
            return await begin(new EventOutput(context, run, options, time, logger)).RunAsync(mayBeOver, cancellationToken);
        }
        finally
        {
            slots.Leave();
        }
    }
}
