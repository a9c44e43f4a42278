using AgentGrid.ClientApi.Hosting;

switch (CommandLine.Parse(args))
{
    case CommandLine.Serve serve:
        return await ApiServer.RunAsync(serve, EngineComposition.Embedded);
    case CommandLine.Print print:
        Console.WriteLine(print.Text);
        return 0;
    case CommandLine.Mistake mistake:
        Console.Error.WriteLine(mistake.Message);
        return 2;
    default:
        throw new InvalidOperationException("The command line asks for something that this program does not do.");
}
