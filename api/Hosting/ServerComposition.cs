using AgentGrid.Api.Settings;

namespace AgentGrid.Api.Hosting;

/// <summary>What a program runs in the server: the engine, and what of it can be reached over HTTP.</summary>
public sealed record ServerComposition
{
    /// <summary>The options of the program, and with them its settings.</summary>
    public required CommandLineSyntax Syntax { get; init; }

    /// <summary>Reads what the engine is told, so that every mistake is known before anything is made.</summary>
    public required Action<SectionReader> ReadSettings { get; init; }

    /// <summary>Adds the engine; the settings are complete by then.</summary>
    public required Action<WebApplicationBuilder> Add { get; init; }

    /// <summary>Where runs are kept, for the line that says that the server listens: <c>data in /srv/data</c>.</summary>
    public required Func<WebApplication, string> Place { get; init; }

    /// <summary>
    /// Looks, before anything is mapped or started, whether it can be; throws what says why not. False when nothing is to be
    /// started, because what was asked for is done.
    /// </summary>
    public Func<WebApplication, Task<bool>> Prepare { get; init; } = _ => Task.FromResult(true);

    /// <summary>Whether it listens where nobody said where.</summary>
    public Func<IConfiguration, bool> ListensByDefault { get; init; } = _ => true;

    /// <summary>Maps what can be reached; by default the whole client API.</summary>
    public Action<WebApplication> Map { get; init; } = app => app.MapAgentGridApi();
}
