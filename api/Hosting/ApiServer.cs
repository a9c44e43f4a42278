using System.Net.Sockets;
using System.Runtime.InteropServices;
using AgentGrid.Api.Security;
using AgentGrid.Api.Settings;
using AgentGrid.Api.Telemetry;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace AgentGrid.Api.Hosting;

/// <summary>The client API as a program, around whatever engine it is given.</summary>
public static partial class ApiServer
{
    private const int Failed = 1;
    private const int Misunderstood = 2;
    private const int Interrupted = 130;

    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    // ISO 8601, in UTC.
    private const string LogTime = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Does what the command line asks for: serves until it is told to stop, most often.</summary>
    /// <returns>The exit code of the program.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> args, ServerComposition composition)
    {
        switch (CommandLine.Parse(args, composition.Syntax))
        {
            case CommandLine.Serve serve:
                return ServeAsync(serve, composition);
            case CommandLine.Print print:
                Console.WriteLine(print.Text);
                return Task.FromResult(0);
            case CommandLine.Mistake mistake:
                Console.Error.WriteLine(mistake.Message);
                return Task.FromResult(Misunderstood);
            default:
                throw new InvalidOperationException("The command line asks for something that no server does.");
        }
    }

    private static async Task<int> ServeAsync(CommandLine.Serve commandLine, ServerComposition composition)
    {
        WebApplication? app = null;
        try
        {
            app = Create(commandLine, composition);
            LogSettings(app);
            using var impatience = ExitOnSecondInterrupt();
            if (!await composition.Prepare(app))
            {
                return 0;
            }
            composition.Map(app);
            await EarlyListeners.ListenAsync(app, app.Lifetime.ApplicationStopping);
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
        catch (AgentSetupException e)
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
            await Console.Error.WriteLineAsync($"Agent Grid cannot continue: {Describe(app, e)}");
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

    // Who fails to listen does not say where, and a file that cannot be read has its reason inside.
    private static string Describe(WebApplication? app, Exception exception)
    {
        var messages = new List<string>();
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (!messages.Any(m => m.Contains(e.Message.TrimEnd('.'), StringComparison.OrdinalIgnoreCase)))
            {
                messages.Add(e.Message);
            }
        }
        if (exception is SocketException && app is not null)
        {
            messages.Insert(0, $"It cannot listen on {string.Join(", ", ListenAddresses.Of(app.Configuration))}.");
        }
        if (messages.Exists(static m => m.Contains("address already in use", StringComparison.OrdinalIgnoreCase)))
        {
            messages.Add("Stop what listens there, or name another address with --urls.");
        }
        return string.Join(' ', messages);
    }

    /// <summary>The server as it is before it is started, what it has mapped included.</summary>
    internal static WebApplication Build(CommandLine.Serve commandLine, ServerComposition composition)
    {
        var app = Create(commandLine, composition);
        composition.Map(app);
        return app;
    }

    private static WebApplication Create(CommandLine.Serve commandLine, ServerComposition composition)
    {
        // The content root is the program's folder: appsettings.json lies there wherever the program is called from,
        // and watching the caller's folder for changes could mean watching a whole disk.
        var builder = NewBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = commandLine.Environment,
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        var environment = EnvironmentSettings.Read(Environment.GetEnvironmentVariables());
        ((IConfigurationBuilder)builder.Configuration).Add(new PlacedSettings(environment.Settings));
        ((IConfigurationBuilder)builder.Configuration).Add(new PlacedSettings(commandLine.Settings));
        EnvironmentFile.Check(builder.Environment, asked: commandLine.Environment is not null);
        var settings = SettingsCheck.Pass(builder.Configuration, environment, composition);
        if (ListenAddresses.Of(builder.Configuration).Count == 0 && composition.ListensByDefault(builder.Configuration))
        {
            builder.WebHost.UseUrls(ListenAddresses.Default);
        }
        var hasStarted = false;
        AddLogging(builder.Logging, builder.Configuration);
        builder.AddAgentGridTelemetry();
        // What hinders the start is said in a sentence; the host would say it before, as a stack.
        builder.Logging.AddFilter(HostCategory, level => Volatile.Read(ref hasStarted) && level >= LogLevel.Warning);
        builder.Services.AddAgentGridApi();
        builder.Services.AddSingleton(settings).AddSingleton(environment);
        builder.Services.AddHttpClient(); // for agents that ask for one
        // A line for each of their requests, and for each call of a tool, would drown the log.
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning).AddFilter("ModelContextProtocol", LogLevel.Warning);
        EarlyListeners.AddTo(builder.Services);
        composition.Add(builder);
        var app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => Volatile.Write(ref hasStarted, true));
        return app;
    }

    private static WebApplicationBuilder NewBuilder(WebApplicationOptions options)
    {
        try
        {
            return WebApplication.CreateSlimBuilder(options);
        }
        catch (InvalidDataException e)
        {
            throw new StartupRefusedException($"The settings cannot be read. {Describe(null, e)}", exitCode: 2);
        }
    }

    private static void AddLogging(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();
        if (new SectionReader(configuration).Word(nameof(ApiOptions.LogFormat), default(LogFormat)) == LogFormat.Json)
        {
            logging.AddJsonConsole(console =>
            {
                console.TimestampFormat = LogTime;
                console.UseUtcTimestamp = true;
            });
            return;
        }
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = $"{LogTime} ";
            console.UseUtcTimestamp = true;
        });
    }

    private static void LogSettings(WebApplication app)
    {
        var settings = app.Services.GetRequiredService<SettingsCheck>();
        var environment = app.Services.GetRequiredService<EnvironmentSettings>();
        foreach (var unknown in settings.Unknown)
        {
            LogUnknown(app.Logger, unknown);
        }
        if (environment.OfKubernetes.Length > 0)
        {
            LogKubernetes(app.Logger, string.Join(", ", environment.OfKubernetes));
        }
        var set = settings.InForce.ToLookup(s => s.Place is not null);
        var written = set[true].Select(s => $"{s.Name} {s.Value} ({s.Place})").DefaultIfEmpty("none");
        var defaults = set[false].Select(s => $"{s.Name} {s.Value}");
        LogInForce(app.Logger, string.Join("; ", written), string.Join("; ", defaults));
        if (app.Services.GetService<OtlpSettings>() is { } sent)
        {
            LogSent(app.Logger, sent);
        }
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
