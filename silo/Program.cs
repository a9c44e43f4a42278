using AgentGrid.ClientApi.Hosting;
using AgentGrid.Silo;
using AgentGrid.Silo.Hosting;

switch (CommandLine.Parse(args, SiloCommandLine.Syntax))
{
    case CommandLine.Serve serve:
        return await ApiServer.RunAsync(serve, ClusterComposition.Create());
    case CommandLine.Print print:
        Console.WriteLine(print.Text);
        return 0;
    case CommandLine.Mistake mistake:
        Console.Error.WriteLine(mistake.Message);
        return 2;
    default:
        throw new InvalidOperationException("The command line asks for something that this program does not do.");
}
