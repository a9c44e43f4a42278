using AgentGrid.Api.Hosting;
using AgentGrid.Silo.Hosting;

return await ApiServer.RunAsync(args, ClusterComposition.Create());
