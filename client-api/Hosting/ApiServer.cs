using System.Runtime.InteropServices;
using AgentGrid.ClientApi.Security;
using AgentGrid.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace AgentGrid.ClientApi.Hosting;

/// <summary>The client API as a program of its own, around whatever engine it is given.</summary>
internal static partial class ApiServer
{
    private const int Failed = 1;
    private const int Interrupted = 130;

    /// <summary>Runs until it is told to stop; returns the exit code.</summary>
    public static async Task<int> RunAsync(CommandLine.Serve commandLine, ServerComposition composition)
    {
        WebApplication? app = null;
        try
        {
            app = Create(commandLine, composition);
            using var impatience = ExitOnSecondInterrupt();
            if (!await composition.Prepare(app))
            {
                return 0;
            }
            composition.Map(app);
            await app.StartAsync();
            LogStarted(app, composition.Place(app));
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (StartupRefusedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
        catch (GridUnavailableException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Failed;
        }
        catch (OptionsValidationException e)
        {
            await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, e.Failures));
            return Failed;
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"Agent Grid cannot go on: {e.Message}");
            if (app is not null)
            {
                LogCause(app.Logger, e);
            }
            return Failed;
        }
        finally
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }
        }
    }

    /// <summary>The client API around an engine.</summary>
    public static WebApplication Build(CommandLine.Serve commandLine, Action<WebApplicationBuilder> addEngine) =>
        Build(commandLine, EngineComposition.Embedded with { Add = addEngine });

    public static WebApplication Build(CommandLine.Serve commandLine, ServerComposition composition)
    {
        var app = Create(commandLine, composition);
        composition.Map(app);
        return app;
    }

    private static WebApplication Create(CommandLine.Serve commandLine, ServerComposition composition)
    {
        // The content root is the program's folder: appsettings.json lies there wherever the program is called from,
        // and watching the caller's folder for changes could mean watching a whole disk.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = commandLine.Environment,
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Configuration.AddInMemoryCollection(EnvironmentSettings.Read(Environment.GetEnvironmentVariables()));
        builder.Configuration.AddInMemoryCollection(commandLine.Settings);
        if (ListenAddresses.Of(builder.Configuration).Count == 0 && composition.ListensByDefault(builder.Configuration))
        {
            builder.WebHost.UseUrls(ListenAddresses.Default);
        }
        AddLogging(builder.Logging, builder.Configuration);
        builder.Services.AddAgentGridApi();
        composition.Add(builder);
        return builder.Build();
    }

    private static void AddLogging(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();
        if (configuration.GetValue<LogFormat>($"{ApiOptions.Section}:{nameof(ApiOptions.LogFormat)}") == LogFormat.Json)
        {
            logging.AddJsonConsole();
            return;
        }
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
    }

    // The first Ctrl-C lets attempts finish; who presses it again does not want to wait. What is durable stays so.
    private static PosixSignalRegistration ExitOnSecondInterrupt()
    {
        var interrupts = 0;
        return PosixSignalRegistration.Create(PosixSignal.SIGINT, _ =>
        {
            if (Interlocked.Increment(ref interrupts) > 1)
            {
                Environment.Exit(Interrupted);
            }
        });
    }

    private static void LogStarted(WebApplication app, string place)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses;
        if (addresses is { Count: > 0 })
        {
            LogListening(app.Logger, string.Join(", ", addresses), place);
        }
        else
        {
            LogRunning(app.Logger, place);
        }
    }
}
