using System.Security.Cryptography;
using AgentGrid.Core.Agents;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Libraries;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AgentGrid.Engine.Tests.Libraries;

/// <summary>Libraries of agents that are files, and what they bring with them.</summary>
public sealed class AgentLibraryTests : IDisposable
{
    private const string Secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Agents_OfALibraryWithPackages_UseThePackagesBesideIt()
    {
        var (signed, signer) = await InvokeAsync(CaptionsLibrary.Dll, "signed_caption");
        var (stored, sqlite) = await InvokeAsync(CaptionsLibrary.Dll, "stored_caption");

        var signature = HMACSHA256.HashData(Convert.FromBase64String(Secret), "caption.0.a keeper"u8);
        Assert.Equal($"v1,{Convert.ToBase64String(signature)}", signed);
        Assert.Equal("A KEEPER", stored);
        Assert.Equal(Path.GetDirectoryName(CaptionsLibrary.Dll), Path.GetDirectoryName(signer));
        Assert.Equal(Path.GetDirectoryName(CaptionsLibrary.Dll), Path.GetDirectoryName(sqlite));
    }

    [Fact]
    public async Task Library_WithoutDepsJson_UsesWhatLiesBesideIt()
    {
        var copy = CaptionsLibrary.CopyTo(_scratch.Folder, "Captions.deps.json");
        CaptionsLibrary.CopyNativeTo(_scratch.Folder);

        Assert.StartsWith(_scratch.Folder, (await InvokeAsync(copy, "signed_caption")).Package);
        Assert.StartsWith(_scratch.Folder, (await InvokeAsync(copy, "stored_caption")).Package);
    }

    [Fact]
    public void Packages_ThatAreNotThere_AreNamedWithTheRemedy()
    {
        var copy = CaptionsLibrary.CopyTo(_scratch.Folder, "StandardWebhooks.dll", "SQLitePCLRaw.core.dll");

        var refused = Assert.Throws<AgentSetupException>(() => AgentLibrary.Load(copy)).Message.Split(Environment.NewLine);

        Assert.Equal(
            [
                $"The library of agents '{copy}' cannot be used.",
                "Microsoft.Data.Sqlite.dll refers to SQLitePCLRaw.core (package SQLitePCLRaw.core 3.0.5), and SQLitePCLRaw.core.dll is not beside the library. "
                    + "Set <EnableDynamicLoading>true</EnableDynamicLoading> in its project file and build it again, or put SQLitePCLRaw.core.dll there.",
                "It refers to StandardWebhooks (package StandardWebhooks 1.1.2), and StandardWebhooks.dll is not beside the library. "
                    + "Set <EnableDynamicLoading>true</EnableDynamicLoading> in its project file and build it again, or put StandardWebhooks.dll there.",
            ],
            refused);
    }

    [Fact]
    public void References_ThatAreNewerThanTheProgram_AreNamedWithTheRemedy()
    {
        var library = AssemblyFile.Write(
            Path.Combine(_scratch.Folder, "Newer.dll"), ("AgentGrid.Core", "99.0.0.0"), ("System.Runtime", "99.0.0.0"),
            ("Microsoft.Extensions.Logging.Abstractions", "99.0.0.0"), ("System.Collections", "4.0.0.0"));

        var refused = Assert.Throws<AgentSetupException>(() => AgentLibrary.Load(library)).Message.Split(Environment.NewLine);

        Assert.Equal(4, refused.Length);
        Assert.Contains("AgentGrid.Core 99.0.0.0, and this program has 0.1.0.0. Build it with the sources of this program", refused[1]);
        Assert.Contains("Logging.Abstractions 99.0.0.0, and this program has 10.0.0.0, which it shares", refused[2]);
        Assert.Contains("System.Runtime 99.0.0.0, and this program has 10.0.0.0. Build it for net10.0", refused[3]);
    }

    [Fact]
    public void Library_WithoutWhatOnlyAPackageRefersTo_IsLoaded()
    {
        AssemblyFile.Write(Path.Combine(_scratch.Folder, "Package.dll"), ("NotNeeded", "1.0.0.0"));
        var library = AssemblyFile.Write(Path.Combine(_scratch.Folder, "Library.dll"), ("Package", "1.0.0.0"));

        Assert.Empty(AgentLibrary.Load(library).Assembly.GetTypes());
        Assert.Throws<AgentSetupException>(
            () => AgentLibrary.Load(AssemblyFile.Write(Path.Combine(_scratch.Folder, "Other.dll"), ("NotNeeded", "1.0.0.0"))));
    }

    [Fact]
    public void File_ThatIsNoLibrary_IsRefused()
    {
        var text = Path.Combine(_scratch.Folder, "text.dll");
        File.WriteAllText(text, "text");

        Assert.Contains("is not a .NET library", Assert.Throws<AgentSetupException>(() => AgentLibrary.Load(text)).Message);
        Assert.Contains("There is no library", Assert.Throws<AgentSetupException>(() => AgentLibrary.Load("nowhere.dll")).Message);
    }

    [Fact]
    public void Setup_ThatFails_IsNamedWithItsReason()
    {
        var builder = new ServiceCollection().AddAgentGrid();

        var refused = Assert.Throws<AgentSetupException>(() => builder.AddLibraries([CaptionsLibrary.Dll], new Settings([])));

        Assert.EndsWith("MyAgents.Setup failed: The setting Captions:Secret is missing.", refused.Message);
    }

    private static async Task<(string Text, string Package)> InvokeAsync(string library, string agent)
    {
        var services = new ServiceCollection();
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>)).AddTransient<HttpClient>();
        var settings = new Settings(new() { ["Captions:Secret"] = Secret });
        services.AddAgentGrid().AddLibraries([library], settings);
        await using var provider = services.BuildServiceProvider();
        var instance = AgentFactory.Create(provider, provider.GetRequiredService<AgentCatalog>().Agents[agent]);
        var output = await instance.InvokeAsync(
            new AgentInvocation
            {
                RunId = RunId.From(new Guid(1, 2, 3, new byte[8])),
                Key = new RunKey("m", "r"),
                Agent = agent,
                Step = "s",
                Attempt = 1,
                Deadline = DateTimeOffset.MaxValue,
                InputSource = () => Json.Parse("""{"caption": "a keeper"}"""),
            },
            TestContext.Current.CancellationToken);
        return (output.Element.GetProperty("text").GetString()!, output.Element.GetProperty("package").GetString()!);
    }

    private sealed class Settings(Dictionary<string, string> values) : IConfiguration
    {
        public string? this[string key]
        {
            get => values.GetValueOrDefault(key);
            set => throw new NotSupportedException();
        }

        public IEnumerable<IConfigurationSection> GetChildren() => throw new NotSupportedException();

        public IChangeToken GetReloadToken() => throw new NotSupportedException();

        public IConfigurationSection GetSection(string key) => throw new NotSupportedException();
    }
}
