"""An executable model of the records contract, used as an oracle; small, slow, no cryptography."""
import random
from tests.oracle.model import *
class World: pass
def gen(seed,FL,steps=28,adv=True,invite=False):
    rnd=random.Random(seed); w=World(); w.recs=[]; w.t=1000; w.heads={}; w.bychain={}
    W=None
    def add(r,G): 
        w.recs.append(r)
        if r.scope!='account': w.bychain.setdefault(r.ck(),[]).append(r)
        if G is not None: G.feed([r])
        return r
    G=[None]
    def sign(scope,a,d,kind,about,body,at=None,fork=False):
        c=(scope,a,d); l=w.bychain.get(c,[])
        w.t+=rnd.randint(1,30)
        tip=w.heads.get(c)
        if fork and l:
            tip=rnd.choice(l); 
            tip=None if tip.seq==0 else next((x for x in l if x.id==tip.prev),None)
        a_t=at or w.t
        if tip is not None and a_t<=tip.at: a_t=tip.at+1
        r=R(scope,a,d,0 if tip is None else tip.seq+1,'' if tip is None else tip.id,a_t,kind,about,body)
        if not(fork and rnd.random()<.5): w.heads[c]=r
        return add(r,G[0])
    acc={}
    def account(n,devs,rot):
        g=R('account','',devs[0],0,'',w.t,'rig.register','',dict(handle=n,rotation=tuple(rot),device=devs[0]))
        add(g,G[0]); p=g
        for i,d in enumerate(devs[1:]):
            p=R('account',g.id,rot[0] if rnd.random()<.6 else devs[0],i+1,p.id,w.t,'device.add','',dict(device=d,may=('*',)))
            add(p,G[0])
        acc[n]=(g.id,list(devs),list(rot)); return g.id
    reg=account('reg',['G1','G2'],['kg0','kg1'])
    gen_=R('new:1',reg,'G1',0,'',w.t,'wasteland.create','',dict(join='invite' if invite else 'open')); W=gen_.id
    w.W=W; G[0]=Node(W,dict(FL)); G[0].feed(w.recs); add(gen_,G[0])
    al=account('al',['A1','A2'],['ka0','ka1']); bo=account('bo',['B1','B2'],['kb0','kb1'])
    ma=account('ma',['M1','M2'],['km0']); ho=account('ho',['H1','H2'],['kh0'])
    names=['reg','al','bo','ma','ho']; ids={n:acc[n][0] for n in names}
    cur=[W]
    def regdec(kind,about,body,**k):
        v=G[0].v(); e=v.eff.get(W,[]); hm=v.reg or (reg,'G1')
        dec=e[-1].id if e and rnd.random()<.9 else (W if not e else rnd.choice(e).id)
        return sign(W,hm[0],hm[1],kind,about,dict(body,decides=dec),**k)
    if invite:
        for n in names[1:4]: regdec('rig.admit',ids[n],dict(account=ids[n],handle=n))
    pol=regdec('wasteland.policy',W,dict(maintainers=(ho,),lease_s=100)) if rnd.random()<.7 else None
    for n in names: 
        if n!='reg': sign(W,ids[n],acc[n][1][0],'rig.join',W,dict(handle=n))
    posts=[]; bids=[]; subs=[]; rens=[]; rels=[]; inst=[]
    def post():
        home=None
        x=rnd.random()
        if x<.35: home=(ho,'H1')
        elif x<.5: home=(al,'A2')
        b=dict(title='t%d'%len(posts),assign=rnd.choice(['first','race']),max=2)
        if pol is not None and rnd.random()<.7: b['under']=pol.id
        else: b['lease_s']=100
        if home: b['home']=home
        posts.append(sign(W,al,rnd.choice(['A1','A1','A2']),'wanted.post','',b))
    post()
    def decision(p,forkp=0):
        v=G[0].v(); it=v.item.get(p.id); 
        if it is None or it[1] is None: return
        hm=it[1]; S=it[3]; e=v.eff[p.id]; last=e[-1].id if e else p.id
        dec=last if rnd.random()<.88 else rnd.choice([p.id]+[x.id for x in e]+[rnd.choice(w.recs).id])
        op=[(k,x) for k,x in S['grants'].items() if x['open']]
        mybids=[b for b in bids if b.about==p.id]; mysubs=[s for s in subs if s.about==p.id]
        k=rnd.choice(['g','g','g','e','e','a','r','c','u','w','m','i','i','x'])
        at=None; w.t+=rnd.choice([0,0,0,90,120])
        body=None
        if k=='g' and rnd.random()<.15: kind,body='claim.grant',{'for':rnd.choice(['zed','bo','ma']),'term':S['terms']+1,'lease_s':100}
        elif k=='g' and mybids: kind,body='claim.grant',dict(bid=rnd.choice(mybids).id,term=S['terms']+1 if rnd.random()<.95 else 1,lease_s=rnd.choice([100,100,150]))
        elif k=='e' and op:
            gi,x=rnd.choice(op); c=rnd.choice(['lapsed','released','taken_back']); kind='claim.end'; body=dict(grant=gi,cause=c)
            if c=='lapsed':
                rr=[r for r in rens if r.body['grant']==gi]
                if rr and rnd.random()<.7: body['renew']=rnd.choice(rr).id
                if rnd.random()<.7: w.t+=120
            if c=='released':
                rr=[r for r in rels if r.body['grant']==gi]
                if not rr: return
                body['release']=rnd.choice(rr).id
        elif k in'ar' and mysubs: kind='work.accept' if k=='a' and rnd.random()<.4 else 'work.reject'; body=dict(submission=rnd.choice(mysubs).id)
        elif k=='c' and rnd.random()<.1: kind,body='work.close',{}
        elif k=='u' and rnd.random()<.4: kind,body='wanted.update',dict(set=rnd.random())
        elif k=='w' and rnd.random()<.05: kind,body='wanted.withdraw',{}
        elif k=='m' and rnd.random()<.5: kind,body='home.move',dict(to=rnd.choice([(al,'A1'),(al,'A2'),(ho,'H1'),(ho,'H2')]))
        elif k=='i':
            if inst and rnd.random()<.6: kind,body='decision.confirm',dict(of=rnd.choice(inst).id)
            else:
                who=rnd.choice([(al,'A1'),(al,'A2'),(ho,'H1'),(ma,'M1')])
                kk=rnd.choice(['claim.grant','wanted.update','work.reject','home.move'])
                if kk=='claim.grant' and mybids: bb=dict(bid=rnd.choice(mybids).id,term=S['terms']+1,lease_s=100)
                elif kk=='work.reject' and mysubs: bb=dict(submission=rnd.choice(mysubs).id)
                elif kk=='home.move': bb=dict(to=rnd.choice([(al,'A1'),(ho,'H2')]))
                else: kk='wanted.update'; bb=dict(set=rnd.random())
                inst.append(sign(W,who[0],who[1],kk,p.id,dict(bb,decides=dec))); return
        elif k=='x' and rnd.random()<.05: kind,body='x.new',{}
        if body is None: return
        if rnd.random()<.1: at=w.t-rnd.randint(0,300)
        sign(W,hm[0],hm[1],kind,p.id,dict(body,decides=dec),at=at,fork=rnd.random()<forkp)
    for i in range(steps):
        x=rnd.random(); p=rnd.choice(posts)
        v=G[0].v(); S=v.item.get(p.id,(0,0,0,{}))[3]; e=v.eff.get(p.id,[])
        fp=.06 if adv else 0
        if x<.22:
            n=rnd.choice(['bo','bo','ma']); d=rnd.choice(acc[n][1])
            bids.append(sign(W,ids[n],d,'claim.bid',p.id,dict(seen=(e[-1].id if e and rnd.random()<.8 else p.id),until=w.t+rnd.choice([50,1000,1000])),at=None if rnd.random()<.8 else w.t-rnd.randint(0,200),fork=rnd.random()<fp))
        elif x<.34:
            n=rnd.choice(['bo','bo','ma']); g=[k for k,y in S.get('grants',{}).items() if y['holder']==ids[n]]
            kind=rnd.choice(['claim.renew','claim.release','work.submit','work.submit'])
            if g or kind=='work.submit':
                b=dict(grant=rnd.choice(g)) if g else {}
                r=sign(W,ids[n],rnd.choice(acc[n][1]),kind,p.id,dict(b,s=i),at=None if rnd.random()<.7 else w.t-rnd.randint(0,300),fork=rnd.random()<fp)
                {'claim.renew':rens,'claim.release':rels,'work.submit':subs}[kind].append(r)
        elif x<.37 and len(posts)<2: post()
        elif x<.42:
            n=rnd.choice(names); regdec('rig.admit',ids[n],dict(account=ids[n],handle=rnd.choice(['bo','ma','zed','al',n]),**({'suspend':True} if rnd.random()<.2 else {})),fork=rnd.random()<2*fp)
        elif x<.44: sign('identity',ids[rnd.choice(['al','bo'])],'A1' if rnd.random()<.5 else 'B1','rig.update','',dict(bio=i),fork=rnd.random()<fp) if False else None
        elif x<.46 and adv:
            n=rnd.choice(names); sign(W,ids[n],rnd.choice(acc[n][1]),'device.retire','',{})
        elif x<.60 and adv:
            n=rnd.choice(names); a=ids[n]; L=G[0].v().logs[a]; y=rnd.random()
            prev=L.head if rnd.random()<.6 else rnd.choice(list(L.rec.values()))
            st=L.st[prev.id]
            signers=list(st.rot)+[d for d in st.devs]+acc[n][2]
            s=rnd.choice(signers)
            if y<.5:
                d=rnd.choice(st.devs); hs={}; 
                for sc in [W,'identity']:
                    ch=w.bychain.get((sc,a,d),[])
                    if ch and rnd.random()<.85: q=rnd.choice(ch); hs[hk(sc,d)]=(q.seq,q.id)
                b=dict(device=d,heads=hs)
                if rnd.random()<.7: b['successor']=rnd.choice([z for z in acc[n][1] if z!=d] or [d])
                s=rnd.choice(st.rot) if rnd.random()<.9 else s
                kind='device.revoke'
            elif y<.8: kind='device.add'; b=dict(device=rnd.choice([acc[n][1][-1],n+'X%d'%i,acc['bo'][1][0]]),may=rnd.choice([('*',),('claim.bid',),('claim.grant','wanted.post')]))
            else: kind='key.rotate'; b=dict(rotation=tuple(rnd.sample(acc[n][2]+[n+'r'],min(2,len(acc[n][2])+1))))
            r=R('account',a,s,prev.seq+1,prev.id,w.t,kind,'',b); add(r,G[0])
            if kind=='device.add' and b['device'] not in acc[n][1] and rnd.random()<.7: acc[n][1].append(b['device'])
        else: decision(p,fp)
    w.names=names; w.ids=ids; w.G=G[0]
    return w
