using AgentGrid.Api;
using AgentGrid.Embedded;
using AgentGrid.Engine;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAgentGridApi();
builder.Services.AddAgentGrid().AddAgents(typeof(Greeter).Assembly).UseEmbeddedEngine(o => o.Data = "data");
var app = builder.Build();
app.MapAgentGridApi();
app.Run();
