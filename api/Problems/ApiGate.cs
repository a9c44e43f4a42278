using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Problems;

/// <summary>
/// The one middleware: lets a request pass or not, and sees to it that every refusal is a problem document.
/// </summary>
internal sealed partial class ApiGate(RequestDelegate next, AccessGuard guard, ILogger<ApiGate> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            if ((guard.Check(context) ?? CheckQuery(context)) is { } refusal)
            {
                await refusal.ExecuteAsync(context);
                return;
            }
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } response)
            {
                await Bare(context, response.StatusCode).ExecuteAsync(context);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone; there is nobody to answer.
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await Broken(e).ExecuteAsync(context);
        }
        catch (KeptDataException e) when (!context.Response.HasStarted)
        {
            LogUnhandled(context.Request.Method, context.Request.Path, e);
            context.Response.Clear();
            await new ApiProblem(500, ApiCode.Damaged, e.Message).ExecuteAsync(context);
        }
        catch (GridUnavailableException e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await new ApiProblem(503, ApiCode.Unavailable, e.Message).ExecuteAsync(context);
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            LogUnhandled(context.Request.Method, context.Request.Path, e);
            context.Response.Clear();
            await new ApiProblem(
                500, ApiCode.Internal, "The server could not do this; its log says why.").ExecuteAsync(context);
        }
    }

    private static ApiProblem? CheckQuery(HttpContext context) => context.Request.QueryString.HasValue
        ? context.GetEndpoint()?.Metadata.GetMetadata<KnownQuery>()?.Refusal(context.Request.Query)
        : null;

    private static ApiProblem Broken(BadHttpRequestException e) => e.StatusCode == StatusCodes.Status413PayloadTooLarge
        ? new ApiProblem(413, ApiCode.BodyTooLarge, e.Message)
        : new ApiProblem(e.StatusCode, ApiCode.BadRequest, e.Message);

    private static ApiProblem Bare(HttpContext context, int status) => status switch
    {
        404 => new ApiProblem(404, ApiCode.NoSuchRoute,
            $"There is nothing at '{Names.Shorten(context.Request.Path, 200)}'. " +
            "GET /openapi/v1.json lists all routes."),
        405 => new ApiProblem(405, ApiCode.MethodNotAllowed,
            $"'{Names.Shorten(context.Request.Path, 200)}' does not take {context.Request.Method}; " +
            $"it takes {context.Response.Headers.Allow}."),
        _ => new ApiProblem(status, ApiCode.BadRequest, "The request cannot be answered."),
    };
}
