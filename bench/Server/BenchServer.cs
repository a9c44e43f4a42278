namespace AgentGrid.Bench.Server;

internal static class BenchServer
{
    public static async Task<int> RunAsync(string[] args)
    {
        var app = WebApplication.CreateBuilder(args).Build();
        app.MapPost("/echo", EchoAsync);
        app.MapGet("/bench/allocated", () => GC.GetTotalAllocatedBytes());
        app.MapGet("/health/ready", () => "ready");
        await app.RunAsync();
        return 0;
    }

    private static Task EchoAsync(HttpContext context)
    {
        context.Response.ContentLength = context.Request.ContentLength;
        return context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
