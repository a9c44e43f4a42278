using AgentGrid.Api.Hosting;
using AgentGrid.ClientApi;

return await ApiServer.RunAsync(args, EmbeddedComposition.Create());
