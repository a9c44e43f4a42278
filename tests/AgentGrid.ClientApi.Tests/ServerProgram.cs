using AgentGrid.Api.Hosting;
using Microsoft.AspNetCore.Builder;

namespace AgentGrid.ClientApi.Tests;

/// <summary>The program with its own options, and with an engine that a test chooses.</summary>
internal static class ServerProgram
{
    public static CommandLine Parse(IReadOnlyList<string> args) => CommandLine.Parse(args, EmbeddedCommandLine.Syntax);

    public static WebApplication Build(CommandLine.Serve commandLine, Action<WebApplicationBuilder> addEngine) =>
        ApiServer.Build(commandLine, EmbeddedComposition.Create() with { Add = addEngine });
}
