using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AgentGrid.Engine.Libraries;

/// <summary>
/// What a library of agents that a program loads adds to the services of that program: those that constructors of its agents
/// ask for. A class with a public constructor without parameters; found by itself. A library needs none.
/// </summary>
public interface IAgentLibrary
{
    /// <summary>Called once, before the program starts.</summary>
    /// <param name="services">Of the program; a client of <c>IHttpClientFactory</c> and loggers are among them.</param>
    /// <param name="configuration">Of the program: its <c>appsettings.json</c> and environment variables.</param>
    void Configure(IServiceCollection services, IConfiguration configuration);
}
