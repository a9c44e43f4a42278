using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Core.Agents;

namespace AgentGrid.Api.Callbacks;

/// <summary>
/// <c>POST /callbacks/{token}</c>: what services post of work that they were given. It asks for no key, because they have none:
/// the address is a secret of one attempt, and the post is signed.
/// </summary>
internal sealed class CallbackApi(CallbackDesk desk)
{
    public void Map(WebApplication app) =>
        app.MapPost($"{CallbackDesk.Path}/{{token}}", (Delegate)HandleAsync).AsApi().ExcludeFromDescription();

    private async Task<IResult> HandleAsync(HttpContext context, string token)
    {
        if (desk.Find(token) is not { } callback)
        {
            // Senders stop at 410, and the address is never used again.
            return new ApiProblem(410, ApiCode.NoSuchCallback, "No attempt waits for this callback (any more): it has its result, or was given up.");
        }
        var (body, problem) = await RequestBody.ReadAsync(context.Request, callback.MaxBytes, option: "MaxOutputBytes");
        if (body is null)
        {
            return problem!;
        }
        using (body)
        {
            var headers = context.Request.Headers;
            var refusal = callback.Take(new CallbackPost(
                headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body.Memory));
            return refusal is null ? Results.NoContent()
                : new ApiProblem(refusal.Status, refusal.Status == 401 ? ApiCode.Unauthorized : ApiCode.InvalidValue, refusal.Message);
        }
    }
}
