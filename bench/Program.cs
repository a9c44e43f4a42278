using AgentGrid.Bench;
using AgentGrid.Bench.Cluster;
using AgentGrid.Bench.Kinds;
using AgentGrid.Bench.Load;
using AgentGrid.Bench.Onnx;
using AgentGrid.Bench.Overload;
using AgentGrid.Bench.Payload;
using AgentGrid.Bench.Placement;
using AgentGrid.Bench.Server;
using AgentGrid.Bench.Shapes;
using AgentGrid.Bench.Soak;
using AgentGrid.Bench.WhatIf;
using AgentGrid.Bench.Workflow;

if (args is ["server", .. var settings])
{
    return await BenchServer.RunAsync(settings);
}
(Func<BenchOptions, string, Task<int>> command, IReadOnlyList<string> rest) = args switch
{
    ["workflow", .. var r] => (WorkflowBench.RunAsync, r),
    ["shapes", .. var r] => (ShapesBench.RunAsync, r),
    ["soak", .. var r] => (SoakBench.RunAsync, r),
    ["overload", .. var r] => (OverloadBench.RunAsync, r),
    ["cluster", .. var r] => (ClusterBench.RunAsync, r),
    ["payload", .. var r] => (PayloadBench.RunAsync, r),
    ["onnx", .. var r] => (OnnxBench.RunAsync, r),
    ["kinds", .. var r] => (KindsBench.RunAsync, r),
    ["placement", .. var r] => (PlacementBench.RunAsync, r),
    ["whatif", .. var r] => (WhatIfBench.RunAsync, r),
    _ => ((Func<BenchOptions, string, Task<int>>)LoadBench.RunAsync, args),
};
BenchOptions options;
try
{
    options = BenchOptions.Parse(rest);
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n{BenchOptions.Usage}");
    return 2;
}

var data = options.Data ?? Directory.CreateTempSubdirectory("agentgrid-bench-").FullName;
try
{
    Directory.CreateDirectory(data);
    return await command(options, data);
}
finally
{
    if (options.Data is null)
    {
        Directory.Delete(data, recursive: true);
    }
}
