using System.Globalization;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace AgentGrid.Api.Feed;

/// <summary><c>WS /ws/agents</c>: every event as one text frame, first those after a number, then live.</summary>
internal sealed class SocketApi(
    IAgentGrid grid, ApiOptions options, FeedSlots slots, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<SocketFeed> logger)
{
    public const string Path = "/ws/agents";
    private const string Protocol = "agentgrid";

    public void Map(WebApplication app)
    {
        var pipeline = ((IEndpointRouteBuilder)app).CreateApplicationBuilder();
        pipeline.Use(next => context =>
        {
            CoalescingUpgrade.Attach(context);
            return next(context);
        });
        pipeline.UseWebSockets(new WebSocketOptions
        {
            KeepAliveInterval = options.KeepAlive,
            // Longer than a slow reader is waited for, so that it is closed with a reason before it is cut off.
            KeepAliveTimeout = options.WebSocketSendTimeout + options.WebSocketCloseTimeout + options.KeepAlive,
        });
        pipeline.Run(HandleAsync);
        var handle = pipeline.Build();
        // As a Delegate, so that the endpoint is described in the OpenAPI document.
        string[] known = ["after", "match_id", "stage", "run_id", TicketsApi.Parameter];
        app.MapGet(Path, (Delegate)handle).AsApi().Knows([.. known]).TakesTickets()
            .WithName("follow_events").WithTags("Events").Requires(ApiScope.Read)
            .Produces(StatusCodes.Status101SwitchingProtocols)
            .ProducesProblem(400).ProducesProblem(426).ProducesProblem(503);
        // What a WebSocket over HTTP/2 begins with.
        app.MapMethods(Path, [HttpMethods.Connect], handle).Knows([.. known]).TakesTickets()
            .Requires(ApiScope.Read).ExcludeFromDescription();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (Refuse(context, out var query) is { } problem)
        {
            await problem.ExecuteAsync(context);
            return;
        }
        if (!slots.TryEnter())
        {
            await slots.Refusal().ExecuteAsync(context);
            return;
        }
        try
        {
            await ServeAsync(context, query);
        }
        finally
        {
            slots.Leave();
        }
    }

    private static ApiProblem? Refuse(HttpContext context, out FeedQuery query)
    {
        var read = new QueryReader(context.Request.Query);
        query = FeedQueries.Read(read);
        // A handshake has no place for a reason. Who asks again without one is told what is wrong with the question.
        if (context.WebSockets.IsWebSocketRequest || read.Problem is not null)
        {
            return read.Problem;
        }
        context.Response.Headers.Upgrade = "websocket";
        return new ApiProblem(426, ApiCode.UpgradeRequired,
            $"{Path} speaks WebSocket: connect to ws://{context.Request.Host}{Path}. " +
            "For plain HTTP there is GET /api/v1/runs/{run_id}/events.");
    }

    private async Task ServeAsync(HttpContext context, FeedQuery query)
    {
        // How slow a reader may be is decided here, not by Kestrel's least data rate for responses.
        if (HttpProtocol.IsHttp11(context.Request.Protocol)
            && context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        await using var cursor = FeedCursor.Start(grid, query, time, ending.Token);
        var offered = context.WebSockets.WebSocketRequestedProtocols.Contains(Protocol);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = offered ? Protocol : null,
        });
        var stream = context.Features.Get<CoalescingUpgrade>()!.Stream!;
        var client = string.Create(
            CultureInfo.InvariantCulture, $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}");
        var feed = new SocketFeed(socket, stream, cursor, options, lifetime.ApplicationStopping, time, logger, client);
        if (!await feed.RunAsync())
        {
            context.Abort();
        }
    }
}
