// A cluster on this machine, with its logs, traces and metrics in one window: dotnet run -c Release --project apphost
//   -- --Redis host:port   a Redis that is there already; without it redis-server is started, and forgets when it ends
//   -- --Port 8000         where the API listens
using System.Globalization;

var builder = DistributedApplication.CreateBuilder(args);
IResourceBuilder<ExecutableResource>? server = null;
var redis = builder.Configuration["Redis"] is { Length: > 0 } there
    ? ReferenceExpression.Create($"{there}")
    : ReferenceExpression.Create($"{StartRedis().Property(EndpointProperty.HostAndPort)}");
if (server is not null && !IsOnPath("redis-server"))
{
    Console.Error.WriteLine("There is no redis-server on the path: install it, or name a Redis with --Redis host:port.");
    return 2;
}
foreach (var name in (string[])["silo-1", "silo-2"])
{
    AddNode(name, "silo").WithArgs("--name", name, "--queues", "general,gpu");
}
AddNode("api", "api", int.Parse(builder.Configuration["Port"] ?? "8000", CultureInfo.InvariantCulture));
builder.Build().Run();
return 0;

EndpointReference StartRedis()
{
    server = builder.AddExecutable("redis", "redis-server", builder.AppHostDirectory).WithEndpoint(name: "tcp", scheme: "tcp");
    var endpoint = server.GetEndpoint("tcp");
    server.WithArgs(
        "--port", endpoint.Property(EndpointProperty.TargetPort), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no");
    return endpoint;
}

// Where to send what it shows, Aspire says in the variables OTEL_*.
IResourceBuilder<ProjectResource> AddNode(string name, string role, int? port = null)
{
    var node = builder.AddProject<Projects.AgentGrid_Silo>(name)
        .WithArgs("--role", role)
        .WithHttpEndpoint(port)
        .WithHttpHealthCheck("/health/ready")
        .WithEnvironment("AGENTGRID_REDIS", redis)
        .WithEnvironment("AGENTGRID_CONFIG", Path.GetFullPath("../config", builder.AppHostDirectory));
    return server is null ? node : node.WaitFor(server);
}

static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
    .Any(folder => File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, $"{program}.exe")));
