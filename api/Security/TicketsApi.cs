using AgentGrid.Api.Feed;
using AgentGrid.Api.Requests;
using Microsoft.Net.Http.Headers;

namespace AgentGrid.Api.Security;

/// <summary>What a browser shows instead of a key, in the address of a feed.</summary>
/// <param name="Ticket">To be passed as <c>ticket</c>.</param>
/// <param name="ExpiresAt">Until when it can be shown; what it has opened by then stays open.</param>
public sealed record TicketView(string Ticket, DateTimeOffset ExpiresAt);

/// <summary><c>POST /api/v1/tickets</c>.</summary>
internal sealed class TicketsApi(Tickets tickets, ApiOptions options)
{
    /// <summary>The query parameter that shows a ticket.</summary>
    public const string Parameter = "ticket";

    public void Map(RouteGroupBuilder api) => api.MapPost("/tickets", (Delegate)IssueAsync)
        .WithName("issue_ticket").WithTags("Events").Requires(ApiScope.Read)
        .Produces<TicketView>().ProducesProblem(400);

    /// <summary>The ticket that a request for a feed shows; null when it shows none, or is for another thing.</summary>
    public static string? ShownIn(HttpRequest request)
    {
        var isFeed = request.Headers.ContainsKey(HeaderNames.Upgrade) || HttpMethods.IsConnect(request.Method)
            || EventsApi.Accepts(request);
        return isFeed && request.Query.TryGetValue(Parameter, out var ticket) ? ticket.ToString() : null;
    }

    private async Task<IResult> IssueAsync(HttpContext context)
    {
        var (_, problem) = await JsonBody.ReadMembersAsync(context.Request, options.MaxBodyBytes);
        if (problem is not null)
        {
            return problem;
        }
        var (ticket, expiresAt) = tickets.Issue(context.Features.Get<ApiCaller>());
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(new TicketView(ticket, expiresAt));
    }
}

/// <summary>Metadata of an endpoint that takes a ticket in the place of a key.</summary>
internal sealed record TicketTaker
{
    public static readonly TicketTaker Instance = new();
}

internal static class TicketTakerExtensions
{
    public static T TakesTickets<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(TicketTaker.Instance);
}
