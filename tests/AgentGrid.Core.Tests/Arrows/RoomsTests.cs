using System.Collections.Immutable;
using System.Xml.Linq;

namespace AgentGrid.Core.Tests.Arrows;

/// <summary>A room uses only rooms and packages that the table lets it; docs/architecture.md shows the same table.</summary>
public sealed class RoomsTests
{
    private const string Table = """
        | room | may use the rooms | and the packages |
        | --- | --- | --- |
        | core | | YamlDotNet, Cronos, JsonSchema.Net, JsonPointer.Net, Json.More.Net |
        | agents | core | |
        | engine | core | Microsoft.Extensions.* |
        | embedded | core, engine | Microsoft.Data.Sqlite, SQLitePCLRaw.*, Microsoft.Extensions.* |
        | simulation | core, engine | Microsoft.Extensions.* |
        | run-log | core, engine | StackExchange.Redis, Microsoft.Extensions.* |
        | streams | | Microsoft.Orleans.*, StackExchange.Redis |
        | grain-interfaces | core | Microsoft.Orleans.* |
        | grain-client | core, engine, run-log, streams, grain-interfaces | Microsoft.Orleans.*, StackExchange.Redis |
        | grains | core, engine, run-log, grain-interfaces | Microsoft.Orleans.* |
        | kinds/Process | core | Microsoft.Extensions.* |
        | kinds/Http | core | Microsoft.Extensions.* |
        | kinds/Chat | core, kinds/Http, kinds/Mcp | Microsoft.Extensions.* |
        | kinds/Mcp | core, kinds/Http, kinds/Process | Microsoft.Extensions.*, ModelContextProtocol.Core |
        | kinds/Onnx | core, kinds/Http | Microsoft.Extensions.*, Microsoft.ML.OnnxRuntime.Managed |
        | kinds/All | core, engine, kinds/Process, kinds/Http, kinds/Chat, kinds/Mcp, kinds/Onnx | |
        | api | core | Microsoft.AspNetCore.OpenApi, ModelContextProtocol.AspNetCore, OpenTelemetry.*, OpenTelemetry, Scalar.AspNetCore |
        | client-api | core, engine, embedded, api, agents, kinds/All | Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu.Linux |
        | silo | core, engine, embedded, run-log, streams, grain-interfaces, grains, grain-client, api, agents, kinds/All | Microsoft.Orleans.*, StackExchange.Redis, Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu.Linux |
        | apphost | silo | Aspire.Hosting.AppHost, Polly.Core, Nerdbank.MessagePack |
        | client | | |
        | cli | core, engine, embedded, simulation, agents, kinds/All | Microsoft.Extensions.*, System.CommandLine, Spectre.Console |
        | bench | core, engine, embedded, simulation, api, agents, kinds/Http, kinds/Process, kinds/Onnx | Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu.Linux |
        """;

    private static readonly RoomTable s_table = new(Table);

    // What a package is called in code.
    private static readonly (string Package, string Namespace)[] s_namespaces =
    [
        ("YamlDotNet", "YamlDotNet"), ("Cronos", "Cronos"), ("Microsoft.Data.Sqlite", "Microsoft.Data.Sqlite"),
        ("SQLitePCLRaw.bundle_e_sqlite3", "SQLitePCL"), ("Microsoft.Orleans.Sdk", "Orleans"),
        ("StackExchange.Redis", "StackExchange.Redis"), ("OpenTelemetry", "OpenTelemetry"),
    ];

    [Fact]
    public void Rooms_UseWhatTheTableLetsThem() => Assert.Empty(s_table.Problems(Room.All()));

    [Fact]
    public void Documentation_HasTheTable() => Assert.Contains(Table, Repository.Read("docs", "architecture.md"));

    [Fact]
    public void Api_ReachesNoEngine() => Assert.Equal(["core"], s_table.Reach("api"));

    [Theory]
    [InlineData("grains")]
    [InlineData("grain-client")]
    public void Cluster_DoesNotReachTheEmbeddedEngine(string room) =>
        Assert.DoesNotContain("embedded", s_table.Reach(room));

    [Theory]
    [InlineData("Microsoft.Data.Sqlite", "embedded")]
    [InlineData("Microsoft.Orleans.Sdk", "streams, grain-interfaces, grain-client, grains, silo")]
    [InlineData("StackExchange.Redis", "run-log, streams, grain-client, silo")]
    [InlineData("YamlDotNet", "core")]
    [InlineData("Cronos", "core")]
    public void Package_IsUsedInFewRooms(string package, string rooms) =>
        Assert.Equal(rooms, string.Join(", ", s_table.UsersOf(package)));

    [Fact]
    public void Code_NamesOnlyPackagesAndRoomsOfItsOwnProject() => Assert.Empty(Room.All().SelectMany(Borrowed));

    [Fact]
    public void Problems_OfARoomThatUsesTooMuch_AreSentences()
    {
        var table = new RoomTable("| room | rooms | packages |\n| --- | --- | --- |\n| a | | Good.* |\n| b | a | |\n");
        var project = XDocument.Parse("""
            <Project>
              <ProjectReference Include="../b/B.csproj" />
              <PackageReference Include="Good.Json" />
              <PackageReference Include="Goodness" />
              <PackageReference Include="Analyzer" PrivateAssets="all" />
              <InternalsVisibleTo Include="A.Tests" />
              <InternalsVisibleTo Include="B" />
            </Project>
            """);

        Assert.Equal(
            [
                "a uses b, which the table does not let it.",
                "a uses the package Goodness, which the table does not let it.",
                "a shows B what is internal to it: only projects of tests may see that.",
                "The table lets b use a, and it does not.",
            ],
            table.Problems([Room.Read("a", project), new Room("b", [], [], [])]));
    }

    [Fact]
    public void Problems_OfRoomsAndRowsWithoutEachOther_AreSentences()
    {
        var table = new RoomTable("| room | rooms | packages |\n| --- | --- | --- |\n| a | | Good.* |\n| b | | |\n");

        Assert.Equal(
            [
                "The table has the room b, and there is none.",
                "The table lets a use the package Good.*, and it does not.",
                "The room c is not in the table.",
            ],
            table.Problems([new Room("a", [], [], []), new Room("c", [], [], [])]));
    }

    // What reaches a room through another one only.
    private static IEnumerable<string> Borrowed(Room room)
    {
        var projects = Room.All().ToDictionary(r => NamespaceOf(r.Name), r => r.Name);
        foreach (var file in SourceFile.Of(room.Name))
        {
            foreach (var used in file.Usings)
            {
                var owner = projects.GetValueOrDefault(string.Join('.', used.Split('.').Take(2)));
                if (owner is not null && owner != room.Name && !room.Rooms.Contains(owner))
                {
                    yield return $"{file.Path} names {used}, and {room.Name} does not refer to {owner}.";
                }
                var package = s_namespaces.FirstOrDefault(
                    n => used == n.Namespace || used.StartsWith($"{n.Namespace}.", StringComparison.Ordinal)).Package;
                if (package is not null && !s_table.UsersOf(package).Contains(room.Name))
                {
                    yield return $"{file.Path} names {used}, and {room.Name} may not use {package}.";
                }
            }
        }
    }

    // grain-interfaces: AgentGrid.GrainInterfaces
    private static string NamespaceOf(string room) => "AgentGrid." + string.Concat(
        room.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
