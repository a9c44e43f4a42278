using AgentGrid.Api.Hosting;
using AgentGrid.Api.Settings;
using AgentGrid.Embedded;
using Microsoft.Extensions.Configuration;

namespace AgentGrid.ClientApi.Tests.Settings;

/// <summary>
/// What a program is told: files, variables and a command line, with the precedence that they have in the program.
/// </summary>
internal sealed class Told : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-told-");
    private readonly List<string> _files = [];

    /// <summary>The texts of <c>appsettings.json</c>, and of others that go over it.</summary>
    public string[] Files
    {
        init
        {
            foreach (var text in value)
            {
                var name = _files.Count == 0 ? "appsettings.json" : $"appsettings.{_files.Count}.json";
                File.WriteAllText(Path.Combine(_folder.FullName, name), text);
                _files.Add(name);
            }
        }
    }

    /// <summary>What stands in the section <c>AgentGrid</c> of <c>appsettings.json</c>.</summary>
    public string Section
    {
        init => Files = [$$"""{ "AgentGrid": {{value}} }"""];
    }

    public Dictionary<string, string> Variables { get; init; } = [];

    public string[] Args { get; init; } = [];

    public static SettingsCheck Check(string section)
    {
        using var told = new Told { Section = section };
        return told.Check();
    }

    public static SettingsCheck Check(params (string Name, string Value)[] variables)
    {
        using var told = new Told { Variables = variables.ToDictionary(v => v.Name, v => v.Value) };
        return told.Check();
    }

    /// <summary>Why the section does not allow a start.</summary>
    public static string Refusal(string section)
    {
        using var told = new Told { Section = section };
        return told.Refusal();
    }

    public static string Refusal(params (string Name, string Value)[] variables)
    {
        using var told = new Told { Variables = variables.ToDictionary(v => v.Name, v => v.Value) };
        return told.Refusal();
    }

    public string Refusal()
    {
        var refused = Assert.Throws<StartupRefusedException>(Check);
        Assert.Equal(2, refused.ExitCode);
        return refused.Message;
    }

    public SettingsCheck Check()
    {
        var (configuration, environment) = Build();
        return SettingsCheck.Pass(configuration, environment, EmbeddedComposition.Create());
    }

    public (ApiOptions Api, EmbeddedOptions Engine) Options()
    {
        Check();
        var (api, engine) = (new ApiOptions(), new EmbeddedOptions());
        var reader = new SectionReader(Build().Configuration);
        ApiSettings.Read(reader, api);
        EmbeddedSettings.Read(reader, engine);
        return (api, engine);
    }

    /// <summary>Whether the files are files of settings, and the arguments a command line.</summary>
    public bool IsReadable()
    {
        if (ServerProgram.Parse(Args) is not CommandLine.Serve)
        {
            return false;
        }
        try
        {
            Build();
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private (IConfiguration Configuration, EnvironmentSettings Environment) Build()
    {
        var environment = EnvironmentSettings.Read(Variables);
        var serve = Assert.IsType<CommandLine.Serve>(ServerProgram.Parse(Args));
        var builder = new ConfigurationBuilder().SetBasePath(_folder.FullName);
        _files.ForEach(f => builder.AddJsonFile(f));
        builder.Add(new PlacedSettings(environment.Settings)).Add(new PlacedSettings(serve.Settings));
        return (builder.Build(), environment);
    }
}
